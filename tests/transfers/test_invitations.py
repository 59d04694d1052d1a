"""Money for a number that is not here yet: asked when it comes, paid once or not at all, told to nobody else."""

import asyncio
import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar.di import Provide
from sqlalchemy import text

from talktalk.identity.ports import SmsRefused, SmsUnconfirmed
from talktalk.identity.sms import Inbox
from talktalk.platform.limits import Rate
from talktalk.transfers.invitations import rules
from talktalk.transfers.rules import WARNINGS
from tests.fixtures_app import RunningApp
from tests.transfers.world import WAIT_S, Person, World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]
_phones = itertools.count(50_000_000)


def _phone() -> str:
    return f"+8210{next(_phones)}"


async def _invite(person: Person, phone: str, status: int = 201, **fields: Any) -> Any:
    key = fields.pop("key", None) or f"key-{next(_phones)}"
    body = {"phone": phone, "amount": {"value": "3"}, **fields}
    return await person.post("/invitations", body, status, **{"Idempotency-Key": key})


async def _pay(person: Person, invitation: dict[str, Any], status: int = 201, key: str = "") -> Any:
    headers = {"Idempotency-Key": key or f"key-{next(_phones)}"}
    body = {"accepted_warnings": list(WARNINGS)}
    return await person.post(f"/invitations/{invitation['id']}/pay", body, status, **headers)


async def _until(person: Person, invitation: dict[str, Any], state: str) -> dict[str, Any]:
    async with asyncio.timeout(WAIT_S):
        while True:
            now = await person.get(f"/invitations/{invitation['id']}")
            if now["state"] == state:
                return dict(now)
            await asyncio.sleep(0.05)


async def _arrive(world: World, phone: str) -> Person:
    """The number signs up, and its wallet is ready."""
    person = Person(world, await world.client(), phone)
    await person.sign_in("Somi")
    await person.ready()
    return person


def _messages(world: World, phone: str) -> list[str]:
    inbox = world.app.web.sms
    assert isinstance(inbox, Inbox)
    return [sent.text for sent in inbox.messages if sent.phone == phone]


async def test_invited_number_is_paid_when_it_has_come_and_its_sender_approves(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        phone = _phone()
        before = await mina.balance_drops()
        invitation = await _invite(mina, phone, note="secret between us")
        assert (invitation["state"], invitation["message"]) == ("waiting", "handed_over")
        assert invitation["person"] is None
        (message,) = _messages(world, phone)
        assert "Mina" in message
        assert world.settings.public_url in message
        assert "secret" not in message
        assert (await _pay(mina, invitation, 409))["code"] == "invitation_not_ready"
        assert await mina.balance_drops() == before

        somi = await _arrive(world, phone)
        ready = await _until(mina, invitation, "ready")
        assert ready["person"]["name"] == "Somi"
        had = await somi.balance_drops()
        drafted = await _pay(mina, invitation)
        assert (drafted["state"], drafted["recipient"]["id"]) == ("drafted", str(somi.id))
        settled = await mina.until(await mina.approve(drafted))
        assert settled["state"] == "settled"
        assert await somi.balance_drops() == had + 3_000_000
        paid = await _until(mina, invitation, "paid")
        assert paid["transfer_id"] == settled["id"]
        assert (await _pay(mina, invitation, 409))["code"] == "invitation_closed"
        async with world.rows() as db:
            cards = await db.execute(
                text("SELECT count(*) FROM room_events WHERE ref = :id AND kind = 'posted'"),
                {"id": settled["id"]},
            )
            assert cards.scalar_one() == 1
            told = await db.execute(
                text(
                    "SELECT data->'invitation' AS invitation FROM feed_events"
                    " WHERE kind = 'invitation.turned' AND user_id = :mina ORDER BY seq"
                ),
                {"mina": mina.id},
            )
            events = [row.invitation for row in told]
        assert [event["state"] for event in events] == ["ready", "paying", "paid"]
        assert events[-1] == paid


async def test_only_one_transfer_can_pay_it_and_one_that_ends_frees_it(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        phone = _phone()
        invitation = await _invite(mina, phone)
        await _arrive(world, phone)
        await _until(mina, invitation, "ready")
        answers = await asyncio.gather(
            *(
                mina.client.post(
                    f"/api/v1/invitations/{invitation['id']}/pay",
                    json={"accepted_warnings": list(WARNINGS)},
                    headers={"Idempotency-Key": f"race-{number}"},
                )
                for number in range(4)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
        (made,) = [answer.json() for answer in answers if answer.status_code == 201]
        problem = await mina.post(f"/invitations/{invitation['id']}/cancel", status=409)
        assert problem["code"] == "invitation_closed"
        await mina.post(f"/transfers/{made['id']}/cancel")
        await _until(mina, invitation, "ready")
        first = await _pay(mina, invitation, key="once")
        again = await _pay(mina, invitation, key="once")
        assert first["id"] == again["id"] != made["id"]


async def test_number_that_is_here_is_told_as_searching_tells(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        assert (await _invite(mina, jun.phone, 409))["code"] == "already_here"
        assert (await _invite(mina, mina.phone, 422))["code"] == "to_self"
        # Who blocks the sender looks like nobody, and is not written to.
        blocked = await jun.client.put(f"/api/v1/blocks/{mina.id}")
        assert blocked.status_code < 300, blocked.text
        sent = len(_messages(world, jun.phone))
        hidden, stranger = await _invite(mina, jun.phone), await _invite(mina, _phone())
        varying = ("id", "phone", "created_at", "updated_at", "expires_at")
        assert {k: v for k, v in hidden.items() if k not in varying} == {
            k: v for k, v in stranger.items() if k not in varying
        }
        assert len(_messages(world, jun.phone)) == sent


async def test_repeats_send_one_message_and_other_keys_are_told_apart(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        phone = _phone()
        first = await _invite(mina, phone, key="same")
        answers = await asyncio.gather(*(_invite(mina, phone, key="same") for _ in range(5)))
        assert {answer["id"] for answer in answers} == {first["id"]}
        assert len(_messages(world, phone)) == 1
        assert (await _invite(mina, phone, 409, key="same", note="x"))["code"] == "idempotency_key_reused"
        assert (await _invite(mina, phone, 409))["code"] == "invited_already"
        body = {"phone": phone, "amount": {"value": "3"}}
        assert (await mina.post("/invitations", body, 400))["code"] == "idempotency_key_missing"
        assert (await jun.get(f"/invitations/{first['id']}", 404))["code"] == "invitation_not_found"
        assert (await _pay(jun, first, 404))["code"] == "invitation_not_found"
        # Taken back, another can be made; what was taken back stays so when the number comes.
        cancelled = await mina.post(f"/invitations/{first['id']}/cancel")
        assert cancelled["state"] == "cancelled"
        assert (await mina.post(f"/invitations/{first['id']}/cancel"))["version"] == cancelled["version"]
        second = await _invite(mina, phone)
        await _arrive(world, phone)
        await _until(mina, second, "ready")
        assert (await mina.get(f"/invitations/{first['id']}"))["state"] == "cancelled"
        listed = (await mina.get("/invitations"))["items"]
        assert [each["id"] for each in listed] == [second["id"], first["id"]]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": {"value": "0"}}, "amount_zero"),
        ({"amount": {"value": "1e3"}}, "amount_exponent"),
        ({"amount": {"value": "1", "asset": "USD.rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"}}, "asset_unsupported"),
        ({"phone": "12", "status": 400}, "phone_invalid"),
        ({"note": "a\u0000"}, "note_refused"),
    ],
)
async def test_bad_input_makes_nothing(
    running_apps: Apps, tmp_path: Path, fields: dict[str, Any], code: str
) -> None:
    async with World(running_apps, tmp_path, with_worker=False) as world:
        mina = await world.person("Mina", ready=False, pin=False)
        problem = await _invite(mina, **{"phone": _phone(), "status": 422, **fields})
        assert problem["code"] == code
        assert (await mina.get("/invitations"))["items"] == []


async def test_invitation_expires_and_then_nobody_is_asked(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path) as world:
        mina = await world.person("Mina")
        phone = _phone()
        invitation = await _invite(mina, phone)
        async with world.rows() as db:
            await db.execute(text("UPDATE invitations SET expires_at = now() - interval '1 second'"))
        await _arrive(world, phone)
        assert (await _until(mina, invitation, "expired"))["person"] is None
        assert (await _pay(mina, invitation, 409))["code"] in ("invitation_closed", "invitation_not_ready")


class _Failing:
    """A carrier that refuses, or whose answer is lost."""

    def __init__(self, trouble: Exception) -> None:
        self.trouble = trouble
        self.tried = 0

    async def send(self, phone: str, text: str) -> None:
        """Fail."""
        self.tried += 1
        raise self.trouble

    async def close(self) -> None:
        """Nothing to give back."""


@pytest.mark.parametrize(
    ("trouble", "fate"), [(SmsRefused("full"), "not_sent"), (SmsUnconfirmed("timeout"), "unknown")]
)
async def test_message_is_tried_once_and_its_fate_told(
    running_apps: Apps, tmp_path: Path, trouble: Exception, fate: str
) -> None:
    async with World(running_apps, tmp_path, with_worker=False) as world:
        mina = await world.person("Mina", ready=False, pin=False)
        carrier = _Failing(trouble)
        made = world.app.web.invitation_desk
        original = made.hand_over
        made.hand_over = lambda _, one: original(carrier, one)  # type: ignore[assignment, method-assign]
        phone = _phone()
        first = await _invite(mina, phone, key="k")
        again = await _invite(mina, phone, key="k")
        assert first["message"] == again["message"] == fate
        assert (first["state"], carrier.tried) == ("waiting", 1)
        assert first["link"] == world.settings.public_url


@pytest.mark.parametrize("limit", ["sender", "number", "prefix"])
async def test_inviting_is_limited(running_apps: Apps, tmp_path: Path, limit: str) -> None:
    one_a_day = Rate(count=1, period=timedelta(days=1), burst=1)
    quotas = rules.InvitationQuotas(**{**_wide(), limit: one_a_day})
    async with World(running_apps, tmp_path, with_worker=False) as world:
        provided = world.app.web.litestar.dependencies["invitation_quotas"]
        assert isinstance(provided, Provide)
        provided.dependency = lambda: quotas
        mina = await world.person("Mina", ready=False, pin=False)
        jun = await world.person("Jun", ready=False, pin=False)
        phone = _phone()
        await _invite(mina, phone, key="first")
        second = mina if limit == "sender" else jun
        await _invite(second, _phone() if limit != "number" else phone, 429)
        # A repeat of what was made draws on nothing.
        await _invite(mina, phone, key="first")


def _wide() -> dict[str, Rate]:
    wide = Rate(count=1000, period=timedelta(hours=1), burst=1000)
    return {"sender": wide, "number": wide, "prefix": wide}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Mina", "Mina"),
        ("김 미나", "김 미나"),
        ("evil.example/x", "친구"),
        ("call 0900123", "친구"),
        ("", "친구"),
        ("x" * 40, "친구"),
    ],
)
def test_message_carries_no_links_of_strangers(name: str, shown: str) -> None:
    message = rules.message("+821012345678", name, "3", "https://talktalk.example")
    assert f"{shown} 님" in message
    assert message.count("https://") == 1
    assert rules.message("+14155550100", "Mina", "3", "https://t.example").startswith("[TalkTalk] Mina would")
