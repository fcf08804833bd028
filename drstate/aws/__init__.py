"""AWS: who calls, with which credentials, how often, and what an error means.

The only room that makes a botocore client. Importing this package loads no AWS library; ``caller``
does when it is used.
"""
