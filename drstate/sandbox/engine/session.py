"""One command while it runs: its surroundings, opened as far as the command needs them.

It refuses to open more than asked: a command that shows no secret never asks for a passphrase.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from drstate.sandbox.engine.contract import Deployer
from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.flags import Parsed
from drstate.sandbox.engine.host import Host
from drstate.sandbox.engine.layout import Layout, open_layout
from drstate.sandbox.engine.names import StackName, parse_name
from drstate.sandbox.engine.output import Output
from drstate.sandbox.engine.passphrase import (
    Cipher,
    IncorrectPassphraseError,
    SecretsError,
    new_cipher,
    open_cipher,
    passphrase_of,
)
from drstate.sandbox.engine.project import Project, load_project
from drstate.sandbox.engine.selection import selected
from drstate.sandbox.engine.stackconfig import StackConfig, merged
from drstate.sandbox.engine.stackfile import StackFile
from drstate.sandbox.engine.store import StateStore

_STATE_HINT = (
    "failed to decrypt: incorrect passphrase, please set PULUMI_CONFIG_PASSPHRASE to the correct "
    "passphrase or set PULUMI_CONFIG_PASSPHRASE_FILE to a file containing the passphrase"
)


@dataclass(frozen=True)
class Session:
    """What a command was called with."""

    parsed: Parsed
    cwd: Path
    env: Mapping[str, str]
    output: Output
    host: Host
    deployer: Deployer

    @cached_property
    def project(self) -> Project:
        """The project of the working directory."""
        return load_project(self.cwd)

    @cached_property
    def layout(self) -> Layout:
        """The backend."""
        layout = open_layout(self.env, self.project.backend_url, self.cwd)
        layout.prepare()
        return layout

    @cached_property
    def store(self) -> StateStore:
        """The states in the backend."""
        return StateStore(self.layout, self.host, self.deployer.fold)

    def name(self, text: str | None = None) -> StackName:
        """The stack that a command is about: as given, by ``--stack``, or the selected one."""
        text = text or self.parsed.value("stack") or selected(self.env, self.project)
        if not text:
            raise FailedCommandError(
                "no stack selected; please use `pulumi stack select` or `pulumi stack init` to "
                "choose one, or give --stack"
            )
        return parse_name(text, self.project.name)

    def require_yes(self) -> None:
        """Refuse to go on without consent: nobody can be asked."""
        if not self.parsed.on("yes"):
            raise FailedCommandError("non-interactive mode requires --yes flag")

    def settings(self, stack: StackName) -> StackFile:
        """The settings file of a stack, read anew."""
        other = self.parsed.value("config-file")
        return StackFile(self.cwd / other if other else self.project.stack_file(stack.name))

    def config(self, settings: StackFile) -> StackConfig:
        """The configuration of a stack with the project's values below it."""
        return merged(self.project, settings.config)

    def cipher_of(self, salt: str) -> Cipher:
        """The cipher of a salt line. Raises the passphrase module's errors."""
        return open_cipher(passphrase_of(self.env), salt, self.host.entropy)

    def state_cipher(self, salt: str) -> Cipher:
        """The cipher for what is in a state file."""
        try:
            return self.cipher_of(salt)
        except IncorrectPassphraseError as error:
            raise FailedCommandError(_STATE_HINT) from error
        except SecretsError as error:
            raise FailedCommandError(str(error)) from error

    def manager(self, settings: StackFile, prefix: str = "") -> Cipher:
        """The cipher of a stack's settings; a stack without a salt gets one, written down.

        ``prefix`` goes before the reason if the passphrase is missing or wrong.
        """
        if settings.other_provider is not None:
            raise FailedCommandError(
                f"{settings.path} asks for the secrets provider '{settings.other_provider}'; the "
                "embedded engine serves 'passphrase' only"
            )
        try:
            if settings.salt is not None:
                return self.cipher_of(settings.salt)
            cipher = new_cipher(passphrase_of(self.env), self.host.entropy)
        except SecretsError as error:
            raise FailedCommandError(prefix + str(error)) from error
        settings.salt = cipher.salt_line
        settings.save()
        return cipher
