"""Which scope a command is about: the options, or the project's default; always shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.errors import ConfigError, UnknownNameError, UsageError
from drstate_cli.options import Common

if TYPE_CHECKING:
    from drstate.model.scope import ScopeKey

PROJECT_FILE = "drstate.yaml"


def scope_names(common: Common, customer: str | None, environment: str | None) -> tuple[str, str]:
    """Customer and environment, from the options or from drstate.yaml's ``default``."""
    default = _default(common)
    chosen_customer = customer or default.get("customer")
    chosen_environment = environment or default.get("environment")
    missing = [
        flag
        for flag, value in (
            ("-c/--customer", chosen_customer),
            ("-e/--environment", chosen_environment),
        )
        if not value
    ]
    if missing:
        raise UsageError(
            f"the scope is not complete: {' and '.join(missing)} missing",
            why="every command that looks at resources works on one customer and environment",
            hint="name both, for example: -c acme -e production; or set `default:` in drstate.yaml",
        )
    return str(chosen_customer), str(chosen_environment)


def _default(common: Common) -> dict[str, str]:
    path = common.cwd / PROJECT_FILE
    if not path.is_file():
        return {}
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ConfigError(
            f"{PROJECT_FILE} is not valid YAML", why=str(error), hint=f"edit {PROJECT_FILE}"
        ) from error
    default = content.get("default", {}) if isinstance(content, dict) else None
    if not isinstance(default, dict) or set(default) - {"customer", "environment"}:
        raise ConfigError(
            f"{PROJECT_FILE}: `default` must be a mapping with customer and environment",
            why=f"found {default!r}",
            hint="write\n  default:\n    customer: acme\n    environment: production",
        )
    return {name: str(value) for name, value in default.items()}


def optional_scope(customer: str | None, environment: str | None) -> ScopeKey | None:
    """The scope that the options name, or None where they name none. Half a scope is an error."""
    if customer is None and environment is None:
        return None
    if customer is None or environment is None:
        missing = "-c/--customer" if customer is None else "-e/--environment"
        raise UsageError(
            f"the scope is not complete: {missing} missing",
            why="a scope is one customer and one environment",
            hint="name both, or neither to look at all of them",
        )
    from drstate.model.scope import Environment, ScopeKey

    if environment not in list(Environment):
        raise UnknownNameError(
            f"environment {environment!r} does not exist",
            hint=f"one of: {', '.join(Environment)}",
        )
    try:
        return ScopeKey(customer=customer, environment=Environment(environment))
    except ValueError as error:
        raise UnknownNameError(
            f"customer {customer!r} does not exist",
            why="a customer's name has letters, digits and dashes only",
            hint="drstate history lists the executions and their scopes",
        ) from error
