"""CONNECT on the sandbox's port, and TLS behind it with a certificate of the sandbox's authority.

The authority lives as long as the process; its certificate is a file in the sandbox's home, which
clients are told to trust by a setting. Nothing else trusts it. Only names of ONTAP clusters are let
through: the sandbox is no way out.
"""

from __future__ import annotations

import json
import socket
import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

CA_FILE = "ontap-ca.pem"
_DAYS = 30
#: a client that says nothing more is left
_IDLE_SECONDS = 60.0


@dataclass
class Authority:
    """A certificate authority, and the certificates that it has issued."""

    key: EllipticCurvePrivateKey
    certificate: x509.Certificate
    contexts: dict[str, ssl.SSLContext] = field(default_factory=dict)

    @classmethod
    def make(cls) -> Authority:
        """A new one."""
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - when asked for

        key = ec.generate_private_key(ec.SECP256R1())
        return cls(key, _certificate("drstate sandbox ONTAP", key, None, key))

    def context(self, host: str) -> ssl.SSLContext:
        """TLS as the host itself."""
        if host not in self.contexts:
            self.contexts[host] = self._issue(host)
        return self.contexts[host]

    def _issue(self, host: str) -> ssl.SSLContext:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - the same
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - the same

        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(host, key, self.certificate, self.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            file.write(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
            file.flush()
            # ssl reads certificates from files only
            context.load_cert_chain(file.name)
        return context


class _Held:
    authority: Authority | None = None


def publish(home: Path) -> Path:
    """Write the authority's certificate into the sandbox's home; returns the file."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - when asked for

    file = home / CA_FILE
    pem = authority().certificate.public_bytes(serialization.Encoding.PEM)
    file.write_bytes(pem)
    return file


def withdraw(home: Path) -> None:
    """Take the certificate out of the home again."""
    (home / CA_FILE).unlink(missing_ok=True)


def authority() -> Authority:
    """The process's authority."""
    if _Held.authority is None:
        _Held.authority = Authority.make()
    return _Held.authority


def serve(handler: BaseHTTPRequestHandler) -> None:
    """Answer a CONNECT, and then everything that comes through it, until the client leaves."""
    handler.close_connection = True
    host, _, port = handler.path.rpartition(":")
    if port != "443" or not (host.startswith("management.fs-") or _known(host)):
        # the sandbox is no way out
        handler.wfile.write(b"HTTP/1.1 403 Only ONTAP clusters are behind this\r\n\r\n")
        return
    # what TLS sends after the handshake must not hold up the first answer until it is acknowledged
    handler.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    handler.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    handler.wfile.flush()
    try:
        handler.connection.settimeout(_IDLE_SECONDS)
        with (
            authority()
            .context(host)
            .wrap_socket(handler.connection, server_side=True, suppress_ragged_eofs=True) as inside
        ):
            _Rest(inside, handler.client_address, host)
    except OSError:
        # the client does not trust the certificate, or has gone
        return


def _known(host: str) -> bool:
    from drstate.sandbox.aws import runtime  # noqa: PLC0415 - the server has loaded it
    from drstate.sandbox.ontap import api  # noqa: PLC0415 - moto's FSx takes a moment

    with runtime.held():
        return api.known(host)


class _Rest(BaseHTTPRequestHandler):
    """HTTP inside the tunnel."""

    protocol_version = "HTTP/1.1"
    #: head and body leave together: apart, each answer would wait for an acknowledgement
    wbufsize = -1

    def __init__(self, connection: ssl.SSLSocket, address: Any, host: str) -> None:
        self.host = host
        super().__init__(connection, address, None)  # type: ignore[arg-type]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing is logged: requests carry a password."""

    def _do(self) -> None:
        from drstate.sandbox.aws import runtime  # noqa: PLC0415 - the server has loaded it
        from drstate.sandbox.ontap import api  # noqa: PLC0415 - moto's FSx takes a moment

        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            with runtime.held():
                status, document = api.answer(self.host, self.command, self.path, headers, body)
        except api.NoAnswer:
            self.close_connection = True
            return
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/hal+json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        self.wfile.flush()

    do_GET = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815 - http.server's


def _certificate(
    name: str,
    key: EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    signer: EllipticCurvePrivateKey,
) -> x509.Certificate:
    from cryptography import x509  # noqa: PLC0415 - when asked for
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - the same
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 - the same

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    now = datetime.now(tz=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
    )
    if issuer is None:
        made = made.add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    else:
        told: x509.GeneralName
        try:
            told = x509.IPAddress(ip_address(name))
        except ValueError:
            told = x509.DNSName(name)
        made = made.add_extension(x509.SubjectAlternativeName([told]), critical=False)
    return made.sign(signer, hashes.SHA256())
