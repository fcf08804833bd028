"""Lambda: the digest of a function's code, where the code is not the one that it stands for.

A scope that is rebuilt from what was captured has functions whose code nobody has: a package is
made up for each, and says in its ZIP comment which digest it stands for. Aliases, versions and
stacks compare digests, so they find what they would find in the account. An image that is named by
its digest has that digest. All other code has the digest of its bytes.

Layers are looked up in the account that their ARN names, which need not be the function's.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
from typing import Any

from moto.awslambda import models
from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.responses import ActionResult

from .extend import extend
from .modelled import Refusal

_MARK = b"drstate-stands-for:"
#: of a ZIP's end record, without its comment
_END, _END_BYTES = b"PK\x05\x06", 22
_LONGEST = 65535
_LAYER_PARTS = 8
_DIGEST = re.compile(r"[A-Za-z0-9+/=]{1,128}")
#: what a package's files are dated: it is the same at each start
_DATE = (2026, 1, 1, 0, 0, 0)

_zipped = models._zipfile_content  # noqa: SLF001 - moto has no other place for it
_stored = models._s3_content  # noqa: SLF001 - the same
_set_code = LambdaFunction._set_function_code  # noqa: SLF001 - the same


def package(files: dict[str, str], digest: str) -> bytes:
    """A ZIP with these files (path -> text) that stands for code with this digest (base64)."""
    if _DIGEST.fullmatch(digest) is None:
        raise ValueError(f"{digest!r} is no digest of a function's code")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(path, _DATE), text)
        archive.comment = _MARK + digest.encode()
    return stream.getvalue()


def stands_for(content: bytes) -> str | None:
    """The digest that a package stands for; None where it stands for itself."""
    start = content.rfind(_END, max(0, len(content) - _END_BYTES - _LONGEST))
    comment = content[start + _END_BYTES :] if start >= 0 else b""
    if not comment.startswith(_MARK):
        return None
    told = comment[len(_MARK) :].decode("ascii", "replace")
    return told if _DIGEST.fullmatch(told) else None


def _told(found: tuple[bytes, int, str, str]) -> tuple[bytes, int, str, str]:
    content, size, digest, number = found
    told = stands_for(content)
    if told is None:
        return found
    try:
        number = base64.b64decode(told, validate=True).hex()
    except ValueError:
        number = told
    return content, size, told or digest, number


def _zipfile_content(content: str | bytes) -> tuple[bytes, int, str, str]:
    return _told(_zipped(content))


def _s3_content(key: Any) -> tuple[bytes, int, str, str]:
    return _told(_stored(key))


class _Function:
    def _set_function_code(self: Any, updated_spec: dict[str, Any]) -> None:
        """An image that is named by its digest has that one."""
        _set_code(self, updated_spec)
        _, _, digest = str(updated_spec.get("ImageUri") or "").partition("@sha256:")
        if digest and not updated_spec.get("DryRun"):
            self.code_sha_256 = digest

    def _get_layers_data(self: Any, layers_versions_arns: list[str]) -> list[dict[str, Any]]:
        """Layers of any account."""
        found = [(arn, layer_version(arn)) for arn in layers_versions_arns]
        unknown = [arn for arn, one in found if one is None]
        if unknown:
            raise models.UnknownLayerVersionException(unknown)
        return [{"Arn": arn, "CodeSize": one.code_size} for arn, one in found]


class _Responses:
    def get_layer_version_by_arn(self: Any) -> ActionResult:
        """A version of a layer, of any account."""
        found = layer_version(str(self.params["Arn"]))
        if found is None:
            raise Refusal("ResourceNotFoundException", "The resource you requested does not exist.")
        return ActionResult(found.get_layer_version())


def layer_version(arn: str) -> Any:
    """A version of a layer by its ARN; None where there is none."""
    parts = arn.split(":")
    if len(parts) != _LAYER_PARTS:
        return None
    return models.lambda_backends[parts[4]][parts[3]].layers_versions_by_arn(arn)


def resolved_image(function: Any) -> str | None:
    """The image that a function runs, by its digest; None where it is no image's."""
    uri = str(function.code.get("ImageUri") or "")
    if not uri:
        return None
    head, slash, last = uri.partition("@")[0].rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}@sha256:{function.code_sha_256}"


def install() -> None:
    """Have packages say what they stand for."""
    # moto's classes look these up in their module
    models._zipfile_content = _zipfile_content  # noqa: SLF001 - no other place for it
    models._s3_content = _s3_content  # noqa: SLF001 - the same
    extend(
        LambdaFunction, _Function, replaces=frozenset({"_get_layers_data", "_set_function_code"})
    )
    extend(LambdaResponse, _Responses)
