"""Certificates and proxies, with real sockets."""

import socketserver
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.contract import DriverError, Outside, TransientError
from connectors.http import Api, ClientCredentials
from tests.fakes.coupa import FakeCoupa


def make_certificate(folder: Path, *, name: str, days: int) -> Path:
    """A file with a key and a certificate that signs itself, good from yesterday for so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.now(UTC) - timedelta(days=10)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{name}-{days}.pem"
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


def users_over_tls(pem: Path, hands, *, ca_file: str) -> list[object]:
    fake = FakeCoupa(users=3)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    fake._server.socket = context.wrap_socket(fake._server.socket, server_side=True)
    with fake:
        origin = f"https://localhost:{fake.host.rpartition(':')[2]}"
        credentials = ClientCredentials(
            f"{origin}/oauth2/token", fake.client_id, fake.client_secret, ("core.user.read",)
        )
        api = Api("Coupa", origin, credentials, Outside(ca_file=ca_file), clock=hands.clock())
        try:
            return api.get("/api/users", {}, kind="user", read=lambda answer: list(answer))  # type: ignore[call-overload]
        finally:
            api.close()


def test_a_certificate_of_the_ca_file_is_accepted(tmp_path, hands):
    pem = make_certificate(tmp_path, name="localhost", days=30)

    assert len(users_over_tls(pem, hands, ca_file=str(pem))) == 3


@pytest.mark.parametrize(
    ("name", "days", "listed", "reason"),
    [
        ("localhost", 30, False, "self-signed"),
        ("localhost", 5, True, "expired"),
        ("elsewhere.example", 30, True, "not valid for 'localhost'"),
    ],
)
def test_any_other_certificate_is_refused_at_once(name, days, listed, reason, tmp_path, hands):
    pem = make_certificate(tmp_path, name=name, days=days)

    with pytest.raises(DriverError, match=f"certificate of Coupa was not accepted.*{reason}"):
        users_over_tls(pem, hands, ca_file=str(pem) if listed else "")

    assert hands.slept == []


def test_https_proxy_is_honoured(monkeypatch, hands):
    asked: list[bytes] = []

    class Proxy(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().strip())
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("NO_PROXY", "")
        origin = "https://acme.coupahost.com"
        credentials = ClientCredentials(f"{origin}/oauth2/token", "an-id", "a-secret")
        api = Api("Coupa", origin, credentials, Outside(), clock=hands.clock())

        with pytest.raises(TransientError, match="could not be reached through the proxy"):
            api.get("/api/users", {}, kind="user", read=lambda _: [])

        api.close()
        server.shutdown()

    assert asked[0] == b"CONNECT acme.coupahost.com:443 HTTP/1.1"
