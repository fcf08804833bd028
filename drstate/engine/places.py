"""Where state and the key of its secrets are: what is asked for, whether it can be, and its region.

Settings come from the environment, then from Pulumi.yaml; nothing is guessed. Addresses are checked
for their form only: no backend is opened and no key is used here. A place in the region that is to
be recovered from is told, because it may be gone when it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from drstate.engine.settings import EngineSettings
from drstate.errors import ConfigError

BACKEND_VARIABLE = "DRSTATE_BACKEND"
SECRETS_VARIABLE = "DRSTATE_SECRETS_PROVIDER"
#: Pulumi.yaml's own `backend.url` names the backend; this section of ours the secrets provider
SECTION, SECRETS_KEY = "drstate", "secrets_provider"

BACKENDS = ("https", "http", "s3", "gs", "azblob", "postgres", "file")
CLOUD = ("https", "http")
#: those without an address, and those with one
NAMED_SECRETS = ("default", "passphrase")
SECRETS = ("awskms", "azurekeyvault", "gcpkms", "hashivault")
PASSPHRASE = "passphrase"  # noqa: S105 - the provider's name

_KEY_ARN = re.compile(r"arn:aws[\w-]*:kms:(?P<region>[a-z0-9-]+):\d{12}:(key|alias)/")


@dataclass(frozen=True)
class Misplaced:
    """Something that recovery needs, kept where it may be lost; ``mend`` says how to move it."""

    what: str
    mend: str


def chosen(settings: EngineSettings, env: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Backend and secrets provider of the project; None: what Pulumi itself finds.

    Raises ConfigError for an address of unknown kind, naming where it was written.
    """
    backend = env.get(BACKEND_VARIABLE) or None
    if backend:
        check_backend(backend, BACKEND_VARIABLE)
    secrets = env.get(SECRETS_VARIABLE) or None
    if secrets:
        check_secrets(secrets, SECRETS_VARIABLE)
        return backend, secrets
    return backend, _project_secrets(settings)


def _project_secrets(settings: EngineSettings) -> str | None:
    if not (settings.work_dir / "Pulumi.yaml").exists():
        return None  # a missing project is told by whoever needs it
    section = settings.project().get(SECTION)
    found = section.get(SECRETS_KEY) if isinstance(section, dict) else None
    if found is None:
        return None
    check_secrets(str(found), f"{SECTION}.{SECRETS_KEY} of Pulumi.yaml")
    return str(found)


def check_backend(url: str, where: str) -> None:
    """Raises ConfigError unless ``url`` has a scheme that a backend can have, and an address."""
    scheme, _, rest = url.partition("://")
    if scheme not in BACKENDS or not rest:
        raise ConfigError(
            f"{where}: {url!r} is not the address of a backend",
            why=f"it has to begin with {', '.join(f'{one}://' for one in BACKENDS)}",
            hint="like https://api.pulumi.com, s3://bucket?region=us-west-2 or file:///folder",
        )


def check_secrets(provider: str, where: str) -> None:
    """Raises ConfigError unless ``provider`` is one that Pulumi has."""
    scheme, _, rest = provider.partition("://")
    if provider in NAMED_SECRETS or (scheme in SECRETS and rest):
        return
    known = (*NAMED_SECRETS, *(f"{one}://" for one in SECRETS))
    raise ConfigError(
        f"{where}: {provider!r} is not a secrets provider",
        why=f"known are {', '.join(known)}",
        hint="like passphrase, or awskms://alias/drstate?region=us-west-2",
    )


def default_secrets(backend: str) -> str:
    """The provider that Pulumi takes where none is asked for."""
    return "default" if backend.partition("://")[0] in CLOUD else PASSPHRASE


def region_of(address: str) -> str | None:
    """The AWS region that an s3:// or awskms:// address names; None where it names none."""
    parts = urlsplit(address)
    if parts.scheme not in ("s3", "awskms"):
        return None
    if parts.scheme == "awskms":
        arn = _KEY_ARN.search(parts.netloc + parts.path)
        if arn:
            return arn["region"]
    named = parse_qs(parts.query).get("region")
    return named[0] if named else None


def misplaced(
    backend: str, secrets_providers: Iterable[str], source: str, recovery: str
) -> tuple[Misplaced, ...]:
    """What of state and keys is in ``source``, the region that may be lost. Both are region names.

    An address that names no region is not judged.
    """
    found = []
    if region_of(backend) == source:
        bucket = urlsplit(backend).netloc
        found.append(
            Misplaced(
                f"the bucket {bucket} with the stacks' state is in {source}, the source region",
                f"keep it in {recovery}: pulumi stack export each stack, point {BACKEND_VARIABLE} "
                f"(or backend.url of Pulumi.yaml) to a bucket there, pulumi stack import",
            )
        )
    for provider in sorted(set(secrets_providers)):
        if region_of(provider) == source:
            key = provider.partition("://")[2].partition("?")[0].lstrip("/")
            found.append(
                Misplaced(
                    f"the key {key} that opens the stacks' secrets is in {source}, the source "
                    "region",
                    f"use a key in {recovery}: set {SECRETS_VARIABLE} for new stacks, and for "
                    "each old one: pulumi stack change-secrets-provider "
                    f"'awskms://<key>?region={recovery}' -s <stack>",
                )
            )
    return tuple(found)
