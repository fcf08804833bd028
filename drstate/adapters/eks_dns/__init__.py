"""EKS clusters in both regions: traffic moves by the records before their ingresses."""

from drstate.adapters.eks_dns.adapter import ADAPTER

__all__ = ["ADAPTER"]
