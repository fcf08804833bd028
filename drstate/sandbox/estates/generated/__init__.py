"""Estates of any size: so many tagged resources, over so many accounts, for so many customers.

Made from a seed: the same options give the same estate, byte for byte, with its scope files.
"""
