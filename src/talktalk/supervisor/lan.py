"""What `--lan` needs: this machine's local name and addresses, certificates for them, and a QR code.

At the first start a certificate authority is made for this data folder; it signs a certificate for the
machine's `.local` name and its addresses, signed anew when those change or it runs out. The authority is held
by X.509 name constraints to `.local` names, `localhost` and private addresses: a phone that trusts it trusts
nothing else through it, even if its key is stolen. Its key is 0600 in the data folder.
"""

import contextlib
import datetime as dt
import io
import ipaddress
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

import qrcode
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from talktalk.supervisor.errors import DataFolderCorrupt
from talktalk.supervisor.folders import DataFolder, write_whole

CA_DAYS = 3650
LEAF_DAYS = 397
"""Apple accepts no server certificate that is valid for longer than 398 days."""
RENEW_DAYS = 30

_PRIVATE_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Place:
    """Where this machine is found on its network."""

    name: str
    """`<host>.local`, which phones and computers resolve by multicast DNS if this machine answers it."""
    addresses: tuple[Address, ...]
    """Private addresses, the one of the default route first."""
    name_is_answered: bool
    """Whether something on this machine answers for the name."""

    @property
    def best_host(self) -> str:
        """The host to show: the name where it works, else the first address."""
        if self.name_is_answered or not self.addresses:
            return self.name
        return str(self.addresses[0])


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files for the web server, and the authority that devices are asked to trust."""

    certificate: Path
    key: Path
    authority: Path
    fingerprint: str
    """SHA-256 of the authority's certificate, in pairs of capitals, as devices show it."""


def find_place() -> Place:
    """Look up this machine's name and private addresses; sends nothing to the network."""
    label = socket.gethostname().split(".", 1)[0].lower() or "talktalk"
    found: list[Address] = []
    # Connecting a datagram socket only picks the route; the address is reserved for documentation. IPv4 alone,
    # because that is what the web server listens on.
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        found.append(ipaddress.ip_address(probe.getsockname()[0]))
    with contextlib.suppress(OSError):
        entries = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        found.extend(ipaddress.ip_address(entry[4][0]) for entry in entries)
    usable = (address for address in found if _is_private(address) and not address.is_loopback)
    return Place(f"{label}.local", tuple(dict.fromkeys(usable)), _somebody_answers_names())


def _is_private(address: Address) -> bool:
    return any(address in network for network in _PRIVATE_NETWORKS if network.version == address.version)


def _somebody_answers_names() -> bool:
    """Say whether a multicast DNS responder runs here: always on macOS, Avahi on Linux."""
    return os.uname().sysname == "Darwin" or Path("/run/avahi-daemon/socket").exists()


def ensure_certificates(folder: DataFolder, place: Place, now: dt.datetime) -> Certificates:
    """Return certificates that are good for the place, made or renewed where needed.

    Raises `DataFolderCorrupt` when those that exist cannot be read.
    """
    folder.tls.mkdir(mode=0o700, exist_ok=True)
    authority_file, authority_key_file = folder.tls / "ca.crt", folder.tls / "ca.key"
    leaf_file, leaf_key_file = folder.tls / "server.crt", folder.tls / "server.key"
    try:
        if not (authority_file.exists() and authority_key_file.exists()):
            _make_authority(place, authority_file, authority_key_file, now)
        authority = x509.load_pem_x509_certificate(authority_file.read_bytes())
        names = _alternative_names(place)
        if not (leaf_key_file.exists() and leaf_file.exists() and _is_good(leaf_file, authority, names, now)):
            _make_leaf(authority, authority_key_file, leaf_file, leaf_key_file, names, now)
    except ValueError as error:
        raise DataFolderCorrupt(
            f"The certificates in {folder.tls} are damaged ({error}).",
            "Remove that folder; new ones are made, which devices must be told to trust again.",
        ) from error
    digest = authority.fingerprint(hashes.SHA256()).hex(" ").upper()
    return Certificates(leaf_file, leaf_key_file, authority_file, digest)


def _alternative_names(place: Place) -> list[x509.GeneralName]:
    loopback = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
    return [
        x509.DNSName(place.name),
        x509.DNSName("localhost"),
        *(x509.IPAddress(address) for address in (*loopback, *place.addresses)),
    ]


def _is_good(
    leaf_file: Path, authority: x509.Certificate, names: list[x509.GeneralName], now: dt.datetime
) -> bool:
    leaf = x509.load_pem_x509_certificate(leaf_file.read_bytes())
    if leaf.issuer != authority.subject:
        return False
    held = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    lasts = leaf.not_valid_after_utc - now > dt.timedelta(days=RENEW_DAYS)
    return lasts and all(name in list(held) for name in names)


def _make_authority(place: Place, file: Path, key_file: Path, now: dt.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    # The serial in the name keeps two authorities apart that one device trusts.
    serial = x509.random_serial_number()
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TalkTalk"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"TalkTalk on {place.name} {serial & 0xFFFF:04X}"[:64]),
        ]
    )
    permitted: list[x509.GeneralName] = [x509.DNSName("local"), x509.DNSName("localhost")]
    permitted += [x509.IPAddress(network) for network in _PRIVATE_NETWORKS]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_whole(key_file, _key_bytes(key), mode=0o600)
    write_whole(file, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _make_leaf(
    authority: x509.Certificate,
    authority_key_file: Path,
    file: Path,
    key_file: Path,
    names: list[x509.GeneralName],
    now: dt.datetime,
) -> None:
    if authority_key_file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ValueError(f"{authority_key_file.name} is open to other users")
    authority_key = serialization.load_pem_private_key(authority_key_file.read_bytes(), None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{authority_key_file.name} is of another kind")  # noqa: TRY004 - a damaged file
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TalkTalk")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=LEAF_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    # The certificate last: `_is_good` judges by it. A crash between the two is mended by the next start.
    file.unlink(missing_ok=True)
    write_whole(key_file, _key_bytes(key), mode=0o600)
    write_whole(file, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def qr_code(text: str) -> str:
    """Return a QR code in half blocks, for a terminal with light text on a dark ground."""
    code = qrcode.QRCode(border=2)
    code.add_data(text)
    drawn = io.StringIO()
    code.print_ascii(out=drawn, invert=True)
    return drawn.getvalue()
