"""EventBridge rules and buses: off at one site, on at the other."""

from drstate.adapters.eventbridge.adapter import EventBridgeAdapter

ADAPTER = EventBridgeAdapter
