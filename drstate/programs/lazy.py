"""Pulumi's SDK and the aws provider's classes, loaded when a program first uses them.

Loading them takes seconds. Planning reads a technology's spec, values and owners without declaring
anything, so a technology's file must be importable without them.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pulumi
    import pulumi_aws as aws

__all__ = ["aws", "pulumi"]


class _Lazy:
    """Stands for a module until something of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._module: ModuleType | None = None

    def __getattr__(self, attribute: str) -> Any:
        if self._module is None:
            self._module = import_module(self._name)
        return getattr(self._module, attribute)


if not TYPE_CHECKING:
    pulumi = _Lazy("pulumi")
    aws = _Lazy("pulumi_aws")
