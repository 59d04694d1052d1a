"""Certificates for the local network, judged by a real TLS handshake, and the QR code."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from talktalk.supervisor.errors import DataFolderCorrupt
from talktalk.supervisor.folders import DataFolder
from talktalk.supervisor.lan import Certificates, Place, ensure_certificates, find_place, qr_code

NOW = dt.datetime.now(dt.UTC)
HOME = Place("kitchen.local", (ipaddress.ip_address("192.168.1.5"),), name_is_answered=True)


def shake_hands(certificates: Certificates, name: str) -> None:
    """A client that trusts only our authority connects and asks for `name`. Raises what TLS raises."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificates.certificate, certificates.key)
    client_side = ssl.create_default_context(cafile=str(certificates.authority))
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            server_side.wrap_socket(far, server_side=True).close()
        except (ssl.SSLError, OSError):
            far.close()  # the client says why

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        with client_side.wrap_socket(near, server_hostname=name):
            pass
    finally:
        near.close()
        serving.join()


@pytest.mark.parametrize("name", ["kitchen.local", "localhost", "192.168.1.5", "127.0.0.1"])
def test_a_device_that_trusts_the_authority_connects(tmp_path: Path, name: str) -> None:
    shake_hands(ensure_certificates(DataFolder(tmp_path), HOME, NOW), name)


def test_another_name_is_not_covered(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(ensure_certificates(DataFolder(tmp_path), HOME, NOW), "bedroom.local")


def test_a_stolen_authority_is_good_for_no_public_name(tmp_path: Path) -> None:
    certificates = ensure_certificates(DataFolder(tmp_path), HOME, NOW)
    key = ec.generate_private_key(ec.SECP256R1())
    authority = x509.load_pem_x509_certificate(certificates.authority.read_bytes())
    stolen = serialization.load_pem_private_key((tmp_path / "tls" / "ca.key").read_bytes(), None)
    assert isinstance(stolen, ec.EllipticCurvePrivateKey)
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - dt.timedelta(hours=1))
        .not_valid_after(NOW + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("bank.example")]), critical=True)
        .sign(stolen, hashes.SHA256())
    )
    certificates.certificate.write_bytes(forged.public_bytes(serialization.Encoding.PEM))
    certificates.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        shake_hands(certificates, "bank.example")


def test_a_second_start_keeps_both_certificates(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    first = ensure_certificates(folder, HOME, NOW)
    bytes_before = [first.authority.read_bytes(), first.certificate.read_bytes()]
    again = ensure_certificates(folder, HOME, NOW + dt.timedelta(days=30))
    assert [again.authority.read_bytes(), again.certificate.read_bytes()] == bytes_before
    assert again.fingerprint == first.fingerprint


@pytest.mark.parametrize(
    ("place", "later"),
    [
        (Place("kitchen.local", (ipaddress.ip_address("10.0.0.9"),), name_is_answered=True), dt.timedelta()),
        (HOME, dt.timedelta(days=380)),
    ],
    ids=["the address changed", "it runs out"],
)
def test_only_the_servers_certificate_is_renewed(tmp_path: Path, place: Place, later: dt.timedelta) -> None:
    folder = DataFolder(tmp_path)
    first = ensure_certificates(folder, HOME, NOW)
    before = first.certificate.read_bytes()
    again = ensure_certificates(folder, place, NOW + later)
    assert again.fingerprint == first.fingerprint
    assert again.certificate.read_bytes() != before
    leaf = x509.load_pem_x509_certificate(again.certificate.read_bytes())
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < dt.timedelta(days=398)


def test_keys_are_private(tmp_path: Path) -> None:
    ensure_certificates(DataFolder(tmp_path), HOME, NOW)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "tls").iterdir()}
    assert modes == {"ca.key": 0o600, "server.key": 0o600, "ca.crt": 0o644, "server.crt": 0o644}


def test_damaged_certificates_are_named_with_a_way_out(tmp_path: Path) -> None:
    ensure_certificates(DataFolder(tmp_path), HOME, NOW)
    (tmp_path / "tls" / "ca.crt").write_text("nothing", encoding="ascii")
    with pytest.raises(DataFolderCorrupt, match="damaged") as caught:
        ensure_certificates(DataFolder(tmp_path), HOME, NOW)
    assert "Remove that folder" in caught.value.way_out


def test_the_address_is_shown_where_nobody_answers_for_the_name() -> None:
    assert HOME.best_host == "kitchen.local"
    silent = Place("kitchen.local", HOME.addresses, name_is_answered=False)
    assert silent.best_host == "192.168.1.5"


def test_this_machine_has_a_local_name_and_only_private_addresses() -> None:
    place = find_place()
    assert place.name.endswith(".local")
    assert all(address.version == 4 for address in place.addresses)
    assert not any(address.is_global or address.is_loopback for address in place.addresses)


def test_a_qr_code_is_drawn_in_half_blocks() -> None:
    lines = qr_code("https://kitchen.local:8080").splitlines()
    assert len({len(line) for line in lines if line}) == 1
    assert set("".join(lines)) <= set(" ▀▄█\xa0")
