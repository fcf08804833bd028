"""The embedded Pulumi engine: an in-process stand-in for the CLI behind the Automation API."""
