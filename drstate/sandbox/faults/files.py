"""Rules from a file: a list of rules, or a mapping with `faults:`, in YAML or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from drstate.errors import ConfigError

from . import codes
from .rule import FaultRule

_HINT = "Correct it and try again; docs/sandbox.md lists what a rule may say."


def rule_from(given: FaultRule | Mapping[str, Any], where: str = "the rule") -> FaultRule:
    """A checked rule. ConfigError names every wrong field, its value and the mend."""
    try:
        rule = given if isinstance(given, FaultRule) else FaultRule.model_validate(dict(given))
        codes.check(rule)
    except ValidationError as error:
        problems = "; ".join(_told(one) for one in error.errors())
        raise ConfigError(f"{where} is not a fault rule", why=problems, hint=_HINT) from error
    except ValueError as error:
        raise ConfigError(f"{where} is not a fault rule", why=str(error), hint=_HINT) from error
    return rule


def rules_from_file(path: Path) -> list[FaultRule]:
    """The rules of a file, in its order. ConfigError where any of them is wrong."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read", why=str(error), hint="Give the path of a file with rules."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is neither YAML nor JSON", why=str(error), hint=_HINT) from error
    rules = document.get("faults") if isinstance(document, dict) else document
    if not isinstance(rules, list) or not all(isinstance(one, dict) for one in rules):
        raise ConfigError(
            f"{path} holds no rules",
            why="it must be a list of rules, or a mapping with the key faults",
            hint=_HINT,
        )
    return [rule_from(one, f"rule {number} of {path}") for number, one in enumerate(rules, 1)]


def _told(problem: Any) -> str:
    field = ".".join(str(part) for part in problem["loc"])
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not field:
        return message
    return f"{field}: {message} (given: {problem['input']!r})"
