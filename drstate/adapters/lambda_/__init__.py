"""Lambda functions: stopped at one site, started at the other."""

from drstate.adapters.lambda_.adapter import LambdaAdapter

ADAPTER = LambdaAdapter
