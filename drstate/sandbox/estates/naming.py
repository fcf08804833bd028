"""What every estate's customers are called alike: their zone, and their role in the DNS account."""

from __future__ import annotations


class Named:
    """A customer; ``name`` is a field of those who inherit."""

    name: str

    @property
    def dns_role(self) -> str:
        """The role in the DNS account that may write this customer's zone."""
        return f"drstate-dns-{self.name}"

    @property
    def zone(self) -> str:
        """The customer's public zone, with its final dot."""
        return f"{self.name}.example."
