"""The source's configuration in the terms of the site at hand, and what is missing for it.

Identifiers go through the site map, endpoints through bindings, region literals to the site's
region. A missing mapping is collected as a Problem that names the table, the key and the file; all
of them are found in one pass, and a program never runs with one. Pure: no AWS, no Pulumi.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from drstate.errors import ConfigError, InternalError
from drstate.model.base import Value
from drstate.model.problem import Problem
from drstate.model.scope import SiteMapTable
from drstate.model.shard import Binding, ShardInput
from drstate.model.translation import Translation

P = TypeVar("P", bound=Value)

#: texts that can be nothing but identifiers; a plain name may mean something else to its reader
_UNMISTAKABLE = ("arn:", "subnet-", "sg-")


class Translator:
    """Translates for one resource of one shard. ``problems`` and ``pending`` fill as it is used."""

    def __init__(self, resource: str, source: str, shard: ShardInput) -> None:
        self.resource = resource
        self.shard = shard
        self.region = shard.id.region
        self.translation = Translation(shard.site_map, source, self.region)
        self.problems: list[Problem] = []
        #: bindings whose target is not known yet (a preview before the first update)
        self.pending: list[Binding] = []
        # the longest first: one endpoint's name may be the beginning of another's
        self._bindings = sorted(shard.bindings, key=lambda binding: -len(binding.source))

    def required(self, table: SiteMapTable, identifier: str, what: str) -> str:
        """The identifier here; a missing mapping is a problem (``what`` says what it is for)."""
        found = self.translation.find(table, identifier)
        if found is None:
            self._missing(table, identifier, what)
            return identifier
        return found

    def optional(self, table: SiteMapTable, identifier: str) -> str:
        """The identifier here, or the same one: names and global ARNs that hold everywhere."""
        return self.translation.find(table, identifier) or identifier

    def arn(self, table: SiteMapTable, identifier: str, what: str) -> str:
        """As ``required`` where the ARN names the source region, else as ``optional``."""
        if f":{self.translation.source}:" in identifier:
            return self.required(table, identifier, what)
        return self.optional(table, identifier)

    def subnets(self, identifiers: Iterable[str]) -> tuple[str, ...]:
        """Subnets here, sorted: at both sites they stand in an order of their own."""
        table = SiteMapTable.SUBNETS
        return tuple(sorted(self.required(table, one, "subnet") for one in identifiers))

    def security_groups(self, identifiers: Iterable[str]) -> tuple[str, ...]:
        """Security groups here, sorted."""
        table = SiteMapTable.SECURITY_GROUPS
        return tuple(sorted(self.required(table, one, "security group") for one in identifiers))

    def group(self, table: SiteMapTable, name: str | None, what: str) -> str | None:
        """A subnet, parameter or option group: AWS's own have the same names in every region."""
        if name is None:
            return None
        if name == "default" or name.startswith(("default.", "default:")):
            return self.optional(table, name)
        return self.required(table, name, what)

    def image(self, reference: str, what: str) -> str:
        """An image: one in a registry of the source region needs a mapping (of its repository)."""
        found = self.translation.image(reference)
        if found is not None:
            return found
        if f".{self.translation.source}." in reference.partition("/")[0]:
            self._missing(SiteMapTable.IMAGES, reference, what)
        return reference

    def secret(self, reference: str, what: str) -> str:
        """A ``valueFrom``: an ARN with or without JSON key, or a parameter's name."""
        parts = reference.split(":")
        if len(parts) > 7 and parts[2] == "secretsmanager":
            base = ":".join(parts[:7])
            return self.arn(SiteMapTable.SECRETS, base, what) + ":" + ":".join(parts[7:])
        return self.arn(SiteMapTable.SECRETS, reference, what)

    def text(self, value: str) -> str:
        """A text of the configuration: an identifier, the region's name, or one with endpoints."""
        if self.translation.identity:
            return value
        if value.startswith(_UNMISTAKABLE):
            for table in self.shard.site_map:
                found = self.translation.find(table, value)
                if found is not None:
                    return found
        return self.bound(self.translation.text(value))

    def bound(self, value: str) -> str:
        """The text with the endpoints of the source replaced by those of this site."""
        for binding in self._bindings:
            if not binding.source or binding.source not in value:
                continue
            if binding.target is None:
                self.pending.append(binding)
            else:
                value = value.replace(binding.source, binding.target)
        return value

    def policy(self, technology: str, model: type[P]) -> P:
        """What the scope file says under ``policies`` of a technology."""
        return self.shard.policies.of(technology, model)

    @property
    def scope_file(self) -> str:
        """Path of the scope file, for remedies."""
        return self.shard.id.scope.file

    def problem(self, field: str, what: str, hint: str) -> Problem:
        """A problem of this resource with ``field`` of the scope file; it is not collected yet."""
        return Problem(
            resource=self.resource, file=self.scope_file, field=field, what=what, hint=hint
        )

    def settle(self) -> None:
        """Raise ConfigError with all problems, if there are any."""
        refuse(self.problems)

    def _missing(self, table: SiteMapTable, identifier: str, what: str) -> None:
        field = f"site_map.{self.region}.{table}"
        problem = self.problem(
            field,
            f"{what} {identifier!r} has no counterpart in {self.region} ({field})",
            f"Add {identifier!r} to {field} in {self.scope_file}.",
        )
        if problem not in self.problems:
            self.problems.append(problem)


def refuse(problems: Iterable[Problem]) -> None:
    """Raise ConfigError that lists every problem; return where there is none."""
    found = list(problems)
    if not found:
        return
    raise ConfigError(
        f"{len(found)} site map "
        + ("entry is missing: " if len(found) == 1 else "entries are missing: ")
        + "; ".join(f"{item.resource}: {item.what}" for item in found),
        why="what refers to the source region cannot be declared at the recovery site unmapped",
        hint=f"add them to {found[0].file}: " + "; ".join(item.hint for item in found),
    )


def unresolved(pending: Iterable[Binding]) -> InternalError:
    """The error of an update that started before the endpoints it is bound to were known."""
    names = ", ".join(sorted({f"{binding.key}:{binding.name}" for binding in pending}))
    return InternalError(
        f"endpoints are not known yet: {names}",
        why="the shard that makes them has to finish first",
        hint="drstate resume; if it happens again, report it with drstate logs",
    )
