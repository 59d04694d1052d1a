"""The thinking of webhooks: addresses that are refused, signatures others can check, the schedule."""

import base64
import hashlib
import hmac
import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talktalk.webhooks import catalogue, rules
from talktalk_client import webhooks
from talktalk_client.webhooks import WebhookRefused, verify

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
KEYS = rules.keys_from(b"k" * 32, b"s" * 16)
BODY = b'{"type":"webhook.test","timestamp":"2026-11-01T12:00:00Z","data":{}}'


def headers(body: bytes = BODY, keys: list[rules.Keys] | None = None, at: datetime = NOW) -> dict[str, str]:
    """What an address receives."""
    timestamp_s = int(at.timestamp())
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(timestamp_s),
        "Webhook-Signature": rules.signature(keys or [KEYS], "msg_1", timestamp_s, body),
    }


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "ftp://hooks.example/x",
        "https://",
        "https:///path",
        "https://user:pw@hooks.example/",
        "https://hooks.example/#part",
        "https://hooks.example:22/",
        "https://hooks.example:99999/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fd00::1]/",
        "https://hooks.exämple/",
        "https://hooks.example/a b",
        "https://hooks.example\\@evil.example/",
        "https://hooks.example/\n",
    ],
)
def test_what_is_no_public_https_address_is_refused(url: str) -> None:
    assert rules.why_refused(url, private_targets=False) is not None


@pytest.mark.parametrize(
    "url", ["https://hooks.example", "https://hooks.example:8443/x?y=1", "https://8.8.8.8/"]
)
def test_a_public_https_address_will_do(url: str) -> None:
    assert rules.why_refused(url, private_targets=False) is None


def test_the_operator_may_allow_a_developers_own_machine() -> None:
    assert rules.why_refused("http://127.0.0.1:9000/hook", private_targets=True) is None
    assert rules.why_refused("http://user@127.0.0.1/", private_targets=True) is not None


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::",
        "100::1",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_nothing_is_sent_to_an_address_that_is_not_public(address: str) -> None:
    assert rules.is_private(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_not_refused(address: str) -> None:
    assert not rules.is_private(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_changes_nothing(address: ipaddress.IPv4Address) -> None:
    private = rules.is_private(address)
    for wrapped in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert rules.is_private(ipaddress.ip_address(wrapped)) == private


def test_the_signature_is_the_standards() -> None:
    """The example secret and content of the specification's reference vectors, reckoned by hand."""
    keys = rules.Keys(base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), bytes(32))
    body = b'{"test": 2432232314}'
    header = rules.signature([keys], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert header.split(" ")[0] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    content = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + body
    assert base64.b64decode(header.split(" ")[0][3:]) == hmac.digest(keys.secret, content, hashlib.sha256)


def test_the_sdk_verifies_by_secret_or_public_key_and_during_a_rotation() -> None:
    old, new = KEYS, rules.keys_from(b"k" * 32, b"t" * 16)
    now_s = NOW.timestamp()
    for keys in (KEYS.shown_secret, KEYS.public_key, [new.shown_secret, old.shown_secret]):
        assert verify(headers(), BODY, keys, now_s=now_s).type == "webhook.test"
    both = headers(keys=[new, old])
    for key in (old.shown_secret, new.shown_secret, old.public_key, new.public_key):
        assert verify(both, BODY, key, now_s=now_s).id == "msg_1"


@pytest.mark.parametrize(
    "spoil",
    [
        {"Webhook-Id": "msg_2"},
        {"Webhook-Timestamp": str(int(NOW.timestamp()) + 1)},
        {"Webhook-Timestamp": "-1"},
        {"Webhook-Timestamp": "１"},
        {"Webhook-Signature": "v1,AAAA"},
        {"Webhook-Signature": "v1,%%% v1a,=== v2,x nonsense"},
        {"Webhook-Signature": ""},
    ],
)
def test_the_sdk_refuses_what_was_changed(spoil: dict[str, str]) -> None:
    for key in (KEYS.shown_secret, KEYS.public_key):
        with pytest.raises(WebhookRefused):
            verify({**headers(), **spoil}, BODY, key, now_s=NOW.timestamp())


def test_the_sdk_refuses_another_body_another_key_an_old_message_and_missing_headers() -> None:
    now_s = NOW.timestamp()
    other = rules.keys_from(b"k" * 32, b"o" * 16)
    with pytest.raises(WebhookRefused):
        verify(headers(), BODY + b" ", KEYS.shown_secret, now_s=now_s)
    with pytest.raises(WebhookRefused):
        verify(headers(), BODY, other.shown_secret, now_s=now_s)
    for late in (webhooks.TOLERANCE_S + 1, -webhooks.TOLERANCE_S - 1):
        with pytest.raises(WebhookRefused):
            verify(headers(), BODY, KEYS.shown_secret, now_s=now_s + late)
    for name in headers():
        with pytest.raises(WebhookRefused):
            verify({k: v for k, v in headers().items() if k != name}, BODY, KEYS.shown_secret, now_s=now_s)
    with pytest.raises(WebhookRefused):
        verify(headers(b"[]"), b"[]", KEYS.shown_secret, now_s=now_s)
    for bad in ("whsec_%", "secret", "whpk_AAAA"):
        with pytest.raises(ValueError, match="key"):
            verify(headers(), BODY, bad, now_s=now_s)


def test_keys_print_nothing_of_themselves() -> None:
    assert KEYS.shown_secret.removeprefix("whsec_") not in f"{KEYS!r} {KEYS}"


def test_ten_attempts_over_three_days_each_later_than_the_last() -> None:
    for chance in (0.0, 1.0):
        at, times = NOW, [NOW]
        while (after := rules.next_attempt(at, len(times), chance=chance)) is not None:
            assert after > at
            times.append(after)
            at = after
        assert len(times) == 10
        assert timedelta(days=3) < times[-1] - NOW < rules.FAILING_MAX


def test_an_address_may_ask_for_a_longer_pause_and_not_for_a_shorter() -> None:
    longer = rules.next_attempt(NOW, 1, chance=0, retry_after=timedelta(hours=3))
    shorter = rules.next_attempt(NOW, 3, chance=0, retry_after=timedelta(seconds=1))
    for_ever = rules.next_attempt(NOW, 1, chance=0, retry_after=timedelta(days=400))
    assert (longer, shorter) == (NOW + timedelta(hours=3), NOW + timedelta(minutes=30))
    assert for_ever == NOW + rules.RETRY_AFTER_MAX


def test_types_are_chosen_by_name_or_family() -> None:
    assert rules.wants(["transfer.*"], "transfer.settled")
    assert rules.wants(["transfer.settled"], "transfer.settled")
    assert not rules.wants(["transfer.settled"], "transfer.failed")
    assert not rules.wants(["transfer.*"], "wallet.activity")
    assert catalogue.is_known("transfer.*")
    assert not catalogue.is_known("transfer.paid")
    assert not catalogue.is_known("*")


def test_what_is_not_in_the_catalogue_never_leaves() -> None:
    for kind in (
        "recovery.started",
        "device.trusted",
        "wallet.changed",
        "profile.changed",
        "webhook.disabled",
    ):
        assert catalogue.telling(kind, {"wallet": {}, "recovery": {}}) is None
    draft = {"id": "x", "state": "drafted", "draft": {"tx_blob": "00"}, "tries_left": 2}
    told = catalogue.telling("transfer.turned", {"transfer": draft})
    assert told is not None
    assert (told.name, told.data["transfer"]["draft"]) == ("transfer.drafted", None)
    assert told.data["transfer"]["tries_left"] is None


@given(st.binary(max_size=300))
def test_a_snippet_can_always_be_stored_and_shown(answered: bytes) -> None:
    snippet = rules.snippet_of(answered, 100)
    assert len(snippet) <= 100
    assert "\0" not in snippet
    snippet.encode()
