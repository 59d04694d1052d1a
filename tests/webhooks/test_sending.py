"""One attempt against addresses that mean harm: what is refused, pinned, not followed, not waited for."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from talktalk.platform.clock import SystemClock
from talktalk.webhooks import rules
from talktalk.webhooks.sending import SNIPPET_LENGTH_MAX, Outcome, Sender, resolve
from tests.webhooks.receiver import Receiver, answer

KEYS = [rules.keys_from(b"k" * 32, b"s" * 16)]
SECRET = KEYS[0].shown_secret


class Names:
    """A resolver that says what a test wants, each time something else."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The next answer."""
        self.asked.append(host)
        return self.answers.pop(0)


async def send(sender: Sender, url: str) -> Outcome:
    """One attempt."""
    return await sender.send(
        url, "msg_1", b'{"type":"t.t","timestamp":"2026-11-01T12:00:00Z","data":{}}', KEYS
    )


def sender_of(*names: Sequence[str], private: bool = True, context: ssl.SSLContext | None = None) -> Sender:
    """A sender that resolves as it is told."""
    resolver = Names(*names) if names else resolve
    return Sender(
        SystemClock(), private_targets=private, resolver=resolver, ssl_context=context, timeout_s=3.0
    )


async def test_a_name_that_leads_inside_is_refused_before_anything_is_sent() -> None:
    async with Receiver() as receiver:
        url = f"https://hooks.example:{receiver.port}/"
        for addresses in (
            ["127.0.0.1"],
            ["8.8.8.8", "127.0.0.1"],
            ["::1"],
            ["::ffff:127.0.0.1"],
            ["169.254.169.254"],
            ["fe80::1%eth0"],
        ):
            outcome = await send(sender_of(addresses, private=False), url)
            assert (outcome.error, outcome.status) == ("address_refused", None), addresses
        # What the registration refuses, the attempt refuses too: settings may have changed since.
        assert (await send(sender_of(private=False), receiver.url)).error == "address_refused"
        # A number is a name to a resolver, and leads inside.
        assert (await send(sender_of(private=False), f"https://2130706433:{receiver.port}/")).error in {
            "address_refused",
            "name_unknown",
        }
        assert receiver.got == []


async def test_a_name_is_resolved_once_and_the_connection_goes_there() -> None:
    """A name that is public when looked at and private when connected to gains nothing."""
    async with Receiver() as receiver:
        names = Names(["127.0.0.1"], ["203.0.113.1"])
        sender = Sender(SystemClock(), private_targets=True, resolver=names, timeout_s=3.0)
        outcome = await send(sender, f"http://hooks.example:{receiver.port}/a?b=c")
        assert outcome.accepted
        assert names.asked == ["hooks.example"]
        (request,) = receiver.got
        assert request.headers["Host"] == f"hooks.example:{receiver.port}"
        assert request.target == "/a?b=c"
        assert request.verified(SECRET).id == "msg_1"


async def test_an_address_that_does_not_answer_is_followed_by_the_next() -> None:
    async with Receiver() as receiver:
        outcome = await send(sender_of(["127.0.0.2", "127.0.0.1"]), f"http://hooks.example:{receiver.port}/")
        assert outcome.accepted


async def test_redirects_are_not_followed() -> None:
    async with Receiver() as inside, Receiver(answer(302, b"", f"Location: {inside.url}")) as receiver:
        outcome = await send(sender_of(), receiver.url)
        assert (outcome.status, outcome.error) == (302, "redirect")
        assert inside.got == []


async def test_an_endless_answer_is_cut_and_a_slow_one_given_up() -> None:
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n" + "é".encode() * 50_000
    async with Receiver(endless, None, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab") as receiver:
        first = await send(sender_of(), receiver.url)
        assert (first.status, first.error, first.snippet) == (200, None, "é" * SNIPPET_LENGTH_MAX)
        assert (await send(sender_of(), receiver.url)).error == "timeout"
        assert (await send(sender_of(), receiver.url)).error == "connection"


async def test_every_breakdown_has_a_name() -> None:
    async with Receiver(b"nonsense\r\n\r\n", b"") as receiver:
        assert (await send(sender_of(), receiver.url)).error == "connection"
        assert (await send(sender_of(), receiver.url)).error == "connection"
        gone = receiver.url
    assert (await send(sender_of(), gone)).error == "connection"
    assert (await send(sender_of([]), "http://nowhere.example/")).error == "name_unknown"
    assert (await send(sender_of(), "http://nowhere.invalid/")).error == "name_unknown"


async def test_a_bomb_is_not_unpacked() -> None:
    packed = answer(200, b"\x1f\x8b" + b"\0" * 100, "Content-Encoding: gzip")
    async with Receiver(packed) as receiver:
        outcome = await send(sender_of(), receiver.url)
        assert outcome.accepted
        assert receiver.got[0].headers["Accept-Encoding"] == "identity"


async def test_retry_after_is_read_in_both_its_forms() -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=5)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    values = ("120", soon, "99999999999999", "-5", "soon", "Mon, 99 Foo 2026 00:00:00 GMT")
    answers = [answer(503, b"", f"Retry-After: {value}") for value in values]
    async with Receiver(*answers) as receiver:
        found = [(await send(sender_of(), receiver.url)).retry_after for _ in answers]
    assert found[0] == timedelta(minutes=2)
    assert found[1] is not None
    assert timedelta(minutes=4) < found[1] <= timedelta(minutes=5)
    assert found[2] == rules.RETRY_AFTER_MAX
    assert found[3:] == [None, None, None]


async def test_tls_is_for_the_name_and_not_for_the_address(tmp_path: Path) -> None:
    server, client = _contexts(tmp_path, "hooks.example")
    async with Receiver(context=server) as receiver:
        trusted = sender_of(["127.0.0.1"], ["127.0.0.1"], context=client)
        assert (await send(trusted, f"https://hooks.example:{receiver.port}/")).accepted
        assert (await send(trusted, f"https://other.example:{receiver.port}/")).error == "tls"
        stranger = sender_of(["127.0.0.1"])
        assert (await send(stranger, f"https://hooks.example:{receiver.port}/")).error == "tls"
        assert len(receiver.got) == 1


def _contexts(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server with a certificate for a name, and a client that trusts its maker."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=certificate.public_bytes(pem).decode())
