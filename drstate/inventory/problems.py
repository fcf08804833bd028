"""pydantic's findings about a scope file in the words of its owner: field, value, mend."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import BaseModel, ValidationError

from drstate.model.base import Value
from drstate.model.exemption import Exemption
from drstate.model.groups import GroupLaunch, GroupsFile, ProtectionGroup, ServerLaunch
from drstate.model.named import DnsRecord, Hook
from drstate.model.notify import Notifications, Recipient, Rule, Topic
from drstate.model.scope import (
    Account,
    Policies,
    ProbePlace,
    RegionPair,
    Scope,
    SiteMapTable,
    Targets,
    WaveRule,
    Waves,
)

#: never shown, not even when they are wrong
_PRIVATE = frozenset({"external_id"})
_LONGEST_VALUE = 80
#: forms that are given as regular expressions, in words
_FORMS = {
    r"^https?://[^\s]+$": "an address, https://<host>/<path>",
    r"^https?://[^\s@/?#]+(/[^\s?#]*)?$": "an address without query or password, "
    "https://<host>/<path>; what is secret goes into headers_from",
    r"^[1-9][0-9]{0,3}$": "a wave's number",
    r"^\d{12}$": "an account id of 12 digits, in quotes",
    r"^[a-z]{2}(-[a-z]+)+-\d$": "a region, say us-east-1",
    r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$": "a role's ARN, arn:aws:iam::<account>:role/<name>",
    r"^[A-Za-z0-9-]{1,64}$": "letters, digits and hyphens, 64 at most",
    r".+\.$": "a DNS name with its final dot",
    r"^[A-Za-z0-9_:-]{1,170}$": "a Lambda function's name or ARN",
    r"^[a-zA-Z0-9_./:-]{3,150}$": "a document's name or ARN",
    r"^[a-z0-9][a-z0-9-]{0,62}$": "small letters, digits and hyphens, 63 at most",
    r"^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?$": "letters, digits, blanks, dots, "
    "underscores and hyphens, 64 at most, a letter or digit first and last",
    r"^i-[0-9a-f]{8,17}$": "an instance id, say i-0123456789abcdef0",
    r"^subnet-[0-9a-f]{8,17}$": "a subnet of the recovery region, say subnet-0123456789abcdef0",
    r"^sg-[0-9a-f]{8,17}$": "a security group of the recovery region, say sg-0123456789abcdef0",
    r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$": "an instance type, say m6i.large",
    r"^[A-Za-z0-9_+=,.@-]{1,128}$": "an instance profile's name, not its ARN",
    r"^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)$": "an IPv4 address",
    r"^arn:aws[a-z-]*:route53-recovery-control::\d{12}:controlpanel/[^/]+/routingcontrol/.+$": (
        "a routing control's ARN"
    ),
}
#: pydantic's kinds of mistake, in words; ``{…}`` is filled from the finding
_KINDS = {
    "dict_type": "a mapping, or left out if it has no entries",
    "list_type": "a list (lines that begin with '- ')",
    "model_type": "a mapping of fields",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "too_short": "at least {min_length} long",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "{max_length} characters at most",
    "too_long": "{max_length} at most",
    "date_from_datetime_parsing": "a day: 2027-01-31",
    "date_parsing": "a day: 2027-01-31",
    "date_type": "a day: 2027-01-31",
    "tuple_type": "a list (lines that begin with '- ')",
}
#: part of the field's path -> the model whose fields are allowed there
_MODELS: dict[str, type[BaseModel]] = {
    "accounts": Account,
    "regions": RegionPair,
    "dns": DnsRecord,
    "hooks": Hook,
    "policies": Policies,
    "waves": Waves,
    "targets": Targets,
    "exemptions": Exemption,
    "notifications": Notifications,
    "topics": Topic,
    "recipients": Recipient,
    "rules": Rule,
}


class FileProblem(Value):
    """One mistake: where, what stands there, why it is wrong, and how to mend it."""

    field: str
    value: str | None
    problem: str
    mend: str

    def __str__(self) -> str:
        shown = "" if self.value is None else f" is {self.value!r}"
        return f"{self.field}{shown}: {self.problem}"


def problems_of(
    error: ValidationError, *, inside: tuple[str, ...] = (), model: type[BaseModel] = Scope
) -> list[FileProblem]:
    """Every finding, in the order of the file's fields.

    ``inside``: where in the file ``model`` stands; the whole file is a scope.
    """
    return [_problem(finding, inside, model) for finding in error.errors(include_url=False)]


def _problem(finding: Any, inside: tuple[str, ...], model: type[BaseModel]) -> FileProblem:
    location = (*inside, *(part for part in finding["loc"] if part not in ("[key]", "each")))
    field = _path(location)
    kind, context = str(finding["type"]), finding.get("ctx", {})
    value = _shown(location, kind, finding["input"])
    if kind == "missing":
        return FileProblem(
            field=field, value=None, problem="it is missing", mend=f"add {field} to the file"
        )
    if kind == "extra_forbidden":
        return FileProblem(
            field=field,
            value=None,
            problem="there is no such field",
            mend=_spelling(location, model),
        )
    if kind == "value_error" and not location:
        text = str(context.get("error", finding["msg"]))
        name = text.partition(":")[0].partition(" ")[0]
        return FileProblem(field=name, value=None, problem=text, mend=f"correct {name}")
    if kind in {"enum", "literal_error"}:
        allowed = str(context.get("expected", ""))
        return FileProblem(
            field=field,
            value=value,
            problem=f"allowed are {allowed}",
            mend=f"set {field} to one of {allowed}",
        )
    if kind == "string_pattern_mismatch":
        form = _FORMS.get(str(context.get("pattern")), f"text of the form {context.get('pattern')}")
        return FileProblem(
            field=field, value=value, problem=f"it must be {form}", mend=f"set {field} to {form}"
        )
    if kind == "string_type":
        return FileProblem(
            field=field, value=value, problem="it must be text", mend=f"put {field} in quotes"
        )
    if kind in _KINDS:
        form = _KINDS[kind].format_map(context)
        return FileProblem(
            field=field, value=value, problem=f"it must be {form}", mend=f"set {field} to {form}"
        )
    text = str(context.get("error", finding["msg"]))
    return FileProblem(field=field, value=value, problem=text, mend=f"correct {field}")


def _path(location: tuple[Any, ...]) -> str:
    """``accounts[0].external_id``."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else str(part)
    return text or "the file"


def _shown(location: tuple[Any, ...], kind: str, value: Any) -> str | None:
    if kind == "missing" or any(part in _PRIVATE for part in location):
        return None
    if value is None:
        return "nothing"
    if not isinstance(value, (str, int, float, bool)):
        return None
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _spelling(location: tuple[Any, ...], root: type[BaseModel]) -> str:
    """The mend of an unknown field: the field that was probably meant."""
    name, field = str(location[-1]), _path(location)
    allowed = _allowed(location[:-1], root)
    close = difflib.get_close_matches(name, allowed, n=1)
    if close:
        return f"write {close[0]} instead of {field}"
    return f"remove {field}; allowed there are {', '.join(allowed)}"


def _allowed(parents: tuple[Any, ...], root: type[BaseModel]) -> list[str]:
    names = [str(part) for part in parents if not isinstance(part, int)]
    if root is GroupsFile:
        return _allowed_of_group(names)
    if names[:1] == ["site_map"]:
        return [str(table) for table in SiteMapTable]
    model = _MODELS.get(names[-1], root) if names else root
    if names[:1] == ["probes"]:
        model = ProbePlace
    if names[:1] == ["waves"] and names[1:]:
        model = WaveRule
    known = {field.alias or name for name, field in model.model_fields.items()}
    # of waves, each is written by its number; groups have a file of their own
    return sorted(known - ({"each"} if names else {"groups"}))


def _allowed_of_group(names: list[str]) -> list[str]:
    models: list[type[BaseModel]] = [GroupsFile, ProtectionGroup, GroupLaunch, ServerLaunch]
    depth = 3 if "servers" in names else len(names)
    model = models[min(depth, 3)]
    return sorted(field.alias or name for name, field in model.model_fields.items())
