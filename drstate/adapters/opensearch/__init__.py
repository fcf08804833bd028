"""OpenSearch domains, each with a peer in the other region."""

from drstate.adapters.opensearch.adapter import OpenSearchAdapter

ADAPTER = OpenSearchAdapter
