"""Webhooks over real parts: registered, told once, signed, retried under one id, replayed, disabled."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from talktalk.platform import jobs, log
from talktalk.webhooks import rules, service
from talktalk.webhooks.jobs import blueprint, sweeping
from talktalk_client.webhooks import WebhookRefused
from talktalk_wire.webhooks import PAYLOAD_BYTES_MAX
from tests.fixtures_app import RunningApp, sign_in
from tests.transfers.world import World
from tests.webhooks.receiver import OK, Receiver, answer
from tests.webhooks.world import Desk, transfer

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]
PHONE = "+821055550001"


@pytest.fixture
def app(running_apps: Apps) -> RunningApp:
    """A server whose operator lets webhooks reach this machine."""
    return running_apps(webhook_private_targets=True)


async def test_what_happens_is_told_once_and_signed(app: RunningApp) -> None:
    async with Receiver() as receiver, Desk(app, PHONE) as desk:
        await desk.happens(transfer("settled", note="before there was a webhook"))
        made = await desk.register(receiver.url, "transfer.settled", "wallet.activity")
        await desk.happens(
            transfer("signing"),
            transfer("settled", draft={"tx_blob": "00"}),
            ("wallet.activity", {"entry": {"id": "a1"}}),
            ("recovery.started", {"recovery": {}}),
        )
        await desk.fan_out()
        await desk.fan_out()
        await jobs.drain(desk.database.conninfo, [blueprint], {"deliverer": desk.deliverer})
        first, second = sorted((each.verified(made["secret"]) for each in receiver.got), key=lambda m: m.id)
        assert [first.type, second.type] == ["transfer.settled", "wallet.activity"]
        assert first.data == {"transfer": {"id": "t1", "state": "settled", "version": 1, "draft": None}}
        request = receiver.got[0]
        assert request.verified(made["webhook"]["public_key"]) == first
        assert request.target == "/hook?who=mina"
        assert request.headers["Host"] == f"127.0.0.1:{receiver.port}"
        assert request.headers["Content-Type"] == "application/json"
        (one, two) = (await desk.ask("GET", f"/{made['webhook']['id']}/deliveries"))["items"]
        assert {one["state"], two["state"]} == {"delivered"}
        assert {one["message_id"], two["message_id"]} == {first.id, second.id}
        assert (one["attempts"], one["last_status"], one["last_error"]) == (1, 204, None)
        assert await desk.due() == []
        assert desk.rows("SELECT * FROM procrastinate_jobs WHERE status = 'todo'") == []


async def test_a_fan_out_that_dies_leaves_everything_as_it_was(
    app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Receiver() as receiver, Desk(app, PHONE) as desk:
        await desk.register(receiver.url)
        await desk.happens(transfer("settled"))

        async def dies(*_: object, **__: object) -> None:
            raise RuntimeError("killed")

        with monkeypatch.context() as patched:
            patched.setattr(jobs, "defer", dies)
            with pytest.raises(RuntimeError, match="killed"):
                await desk.fan_out()
        assert desk.rows("SELECT * FROM webhook_deliveries") == []
        # Two workers at once make one delivery.
        await asyncio.gather(*(desk.fan_out() for _ in range(4)))
        await desk.attempt_all()
        assert len(receiver.got) == 1


async def test_a_failure_is_tried_again_under_the_same_id_until_it_is_taken(app: RunningApp) -> None:
    answers = (answer(500, b"oh no\0"), answer(404), answer(302, b"", "Location: /x"))
    async with Receiver(*answers) as receiver, Desk(app, PHONE) as desk:
        made = await desk.register(receiver.url)
        await desk.happens(transfer("settled"))
        await desk.fan_out()
        before = desk.clock.now()
        for attempt in range(4):
            (outcome,) = await desk.attempt_all()
            assert outcome is not None
            (row,) = desk.rows("SELECT * FROM webhook_deliveries")
            assert row["attempts"] == attempt + 1
            if attempt < 3:
                pause = row["next_attempt_at"] - desk.clock.now()
                assert rules.PAUSES[attempt] <= pause <= rules.PAUSES[attempt] * 1.1
                queued = desk.rows("SELECT scheduled_at FROM procrastinate_jobs ORDER BY id DESC LIMIT 1")
                assert queued[0]["scheduled_at"] == row["next_attempt_at"]
                # A second job that comes too early leaves it alone.
                assert await desk.deliverer.deliver(row["id"]) is None
                desk.clock.turn(seconds=pause.total_seconds())
        assert row["state"] == "delivered"
        assert row["delivered_at"] - before > timedelta(minutes=35)
        messages = [each.verified(made["secret"]) for each in receiver.got]
        assert len(messages) == 4
        assert len({message.id for message in messages}) == 1
        assert len({each.headers["webhook-timestamp"] for each in receiver.got}) > 1
        path = f"/{made['webhook']['id']}/deliveries/{row['id']}"
        detail = await desk.ask("GET", path)
        assert [(each["status"], each["error"]) for each in detail["attempts"]] == [
            (204, None),
            (302, "redirect"),
            (404, "status"),
            (500, "status"),
        ]
        assert detail["attempts"][-1]["snippet"] == "oh no\ufffd"
        assert detail["payload"].encode() == receiver.got[0].body
        assert (await desk.ask("GET", f"/{made['webhook']['id']}"))["failing_since"] is None


async def test_a_worker_killed_in_an_attempt_repeats_it_later_and_not_at_once(app: RunningApp) -> None:
    async with Receiver(None) as receiver, Desk(app, PHONE) as desk:
        await desk.register(receiver.url)
        await desk.happens(transfer("settled"))
        await desk.fan_out()
        (delivery_id,) = await desk.due()
        attempt = asyncio.create_task(desk.deliverer.deliver(delivery_id))
        await receiver.until(1)
        attempt.cancel()
        await asyncio.gather(attempt, return_exceptions=True)
        assert await desk.deliverer.deliver(delivery_id) is None, "somebody else may still be at it"
        desk.clock.turn(minutes=2)
        outcome = await desk.deliverer.deliver(delivery_id)
        assert outcome is not None
        assert outcome.accepted
        ids = {each.headers["webhook-id"] for each in receiver.got}
        assert (len(receiver.got), len(ids)) == (2, 1)


async def test_a_lost_job_is_queued_again(app: RunningApp) -> None:
    async with Receiver() as receiver, Desk(app, PHONE) as desk:
        await desk.register(receiver.url)
        await desk.happens(transfer("settled"))
        await desk.fan_out()
        desk.write("DELETE FROM procrastinate_jobs")
        desk.clock.turn(minutes=5)
        context = {"database": desk.database, "clock": desk.clock, "deliverer": desk.deliverer}
        async with desk.database.transaction() as db:
            await jobs.defer(db, "webhooks.sweep", timestamp=0)
        await jobs.drain(desk.database.conninfo, [sweeping, blueprint], context)
        assert len(receiver.got) == 1
        desk.clock.turn(days=31)
        async with desk.database.transaction() as db:
            await jobs.defer(db, "webhooks.sweep", timestamp=0)
        await jobs.drain(desk.database.conninfo, [sweeping, blueprint], context)
        assert (
            desk.rows("SELECT * FROM webhook_attempts") == desk.rows("SELECT * FROM webhook_deliveries") == []
        )


async def test_ten_failures_are_enough_and_five_days_of_them_disable(app: RunningApp) -> None:
    async with Receiver(*[answer(500)] * 40) as receiver, Desk(app, PHONE) as desk:
        made = await desk.register(receiver.url)
        webhook_id = made["webhook"]["id"]
        for _ in range(2):
            await desk.happens(transfer("settled"))
            await desk.fan_out()
            while await desk.due():
                desk.clock.turn(hours=26.5)
                await desk.attempt_all()
            if not (await desk.ask("GET", f"/{webhook_id}"))["enabled"]:
                break
        webhook = await desk.ask("GET", f"/{webhook_id}")
        assert (webhook["enabled"], webhook["disabled_reason"]) == (False, "failing")
        events = desk.rows("SELECT kind, data FROM feed_events WHERE kind = 'webhook.disabled'")
        assert [event["data"]["webhook"]["id"] for event in events] == [webhook_id]
        assert (
            desk.rows("SELECT count(*) AS n FROM audit_events WHERE kind = 'webhook.disabled'")[0]["n"] == 1
        )
        # Nothing is told while it is disabled, nor later; enabled again it is told what comes then.
        await desk.happens(transfer("failed"))
        await desk.fan_out()
        sent = len(receiver.got)
        await desk.ask("PATCH", f"/{webhook_id}", json={"enabled": True})
        receiver.answers.clear()
        await desk.happens(transfer("expired"))
        await desk.fan_out()
        await desk.attempt_all()
        assert [each.verified(made["secret"]).type for each in receiver.got[sent:]] == ["transfer.expired"]


async def test_gone_disables_at_once_and_gives_up_what_waits(app: RunningApp) -> None:
    async with Receiver(answer(410)) as receiver, Desk(app, PHONE) as desk:
        made = await desk.register(receiver.url)
        await desk.happens(transfer("submitted"), transfer("settled"))
        await desk.fan_out()
        first, second = await desk.due()
        await desk.deliverer.deliver(first)
        assert await desk.deliverer.deliver(second) is None
        assert len(receiver.got) == 1
        webhook = await desk.ask("GET", f"/{made['webhook']['id']}")
        assert webhook["disabled_reason"] == "gone"
        states = {row["state"] for row in desk.rows("SELECT state FROM webhook_deliveries")}
        assert states == {"failed"}
        path = f"/{made['webhook']['id']}"
        assert (await desk.ask("POST", f"{path}/test", 409))["code"] == "webhook_disabled"
        assert (await desk.ask("POST", f"{path}/deliveries/{first}/replay", 409))[
            "code"
        ] == "webhook_disabled"


async def test_an_address_that_asks_for_quiet_gets_it(app: RunningApp) -> None:
    async with Receiver(answer(429, b"", "Retry-After: 600")) as receiver, Desk(app, PHONE) as desk:
        await desk.register(receiver.url)
        await desk.happens(transfer("submitted"), transfer("settled"))
        await desk.fan_out()
        assert [outcome is not None for outcome in await desk.attempt_all()] == [True, False]
        desk.clock.turn(seconds=599)
        assert await desk.attempt_all() == [None, None]
        desk.clock.turn(seconds=30)
        outcomes = await desk.attempt_all()
        assert all(outcome is not None and outcome.accepted for outcome in outcomes)
        assert len(receiver.got) == 3


async def test_one_slow_address_is_asked_by_few_at_a_time(app: RunningApp) -> None:
    async with Receiver(*[None] * 20) as receiver, Desk(app, PHONE, timeout_s=1.0) as desk:
        await desk.register(receiver.url)
        await desk.happens(*[transfer("settled")] * 12)
        await desk.fan_out()
        due = await desk.due()
        outcomes = await asyncio.gather(*(desk.deliverer.deliver(delivery_id) for delivery_id in due))
        tried = [outcome for outcome in outcomes if outcome is not None]
        assert [outcome.error for outcome in tried] == ["timeout"] * 4
        assert receiver.at_once_max == 4
        # The others took no attempt, and have a job for later.
        untried = desk.rows("SELECT count(*) AS n FROM webhook_deliveries WHERE attempts = 0")
        later = desk.rows("SELECT count(*) AS n FROM procrastinate_jobs WHERE scheduled_at IS NOT NULL")
        assert (untried[0]["n"], later[0]["n"]) == (8, 12)


async def test_replays_keep_the_id_one_or_a_range(app: RunningApp, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Receiver(OK, answer(410)) as receiver, Desk(app, PHONE) as desk:
        made = await desk.register(receiver.url)
        path = f"/{made['webhook']['id']}"
        await desk.happens(*[transfer("settled", note=str(number)) for number in range(5)])
        await desk.fan_out()
        await desk.attempt_all()
        await desk.ask("PATCH", path, json={"enabled": True})
        first = receiver.got[0].verified(made["secret"])
        items = (await desk.ask("GET", f"{path}/deliveries"))["items"]
        assert [each["state"] for each in items] == ["failed"] * 4 + ["delivered"]
        again = await desk.ask("POST", f"{path}/deliveries/{items[-1]['id']}/replay", 202)
        assert (again["state"], again["attempts"], again["message_id"]) == ("pending", 0, first.id)
        await desk.attempt_all()
        assert receiver.got[-1].verified(made["secret"]) == first
        day = {"since": "2000-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
        monkeypatch.setattr(service, "REPLAY_MAX", 3)
        part = await desk.ask("POST", f"{path}/replay", 202, json=day)
        assert part["count"] == 3
        assert datetime.fromisoformat(part["next_since"]).tzinfo is not None
        rest = await desk.ask("POST", f"{path}/replay", 202, json={**day, "since": part["next_since"]})
        assert (rest["count"], rest["next_since"]) == (1, None)
        sent = len(receiver.got)
        await desk.attempt_all()
        assert len({each.headers["webhook-id"] for each in receiver.got[sent:]}) == 4
        nothing = await desk.ask("POST", f"{path}/replay", 202, json=day)
        assert nothing["count"] == 0
        everything = await desk.ask("POST", f"{path}/replay", 202, json={**day, "only_failed": False})
        assert everything["count"] == 3


async def test_a_rotated_secret_overlaps_with_the_old_one(app: RunningApp) -> None:
    async with Receiver() as receiver, Desk(app, PHONE) as desk:
        made = await desk.register(receiver.url)
        path = f"/{made['webhook']['id']}"
        rotated = await desk.ask("POST", f"{path}/secret", json={"overlap_hours": 2})
        assert rotated["secret"] != made["secret"]
        await desk.ask("POST", f"{path}/test", 202)
        await desk.attempt_all()
        for key in (made["secret"], rotated["secret"], made["webhook"]["public_key"]):
            assert receiver.got[0].verified(key).type == "webhook.test"
        desk.clock.turn(hours=3)
        await desk.ask("POST", f"{path}/test", 202)
        await desk.attempt_all()
        assert receiver.got[1].verified(rotated["secret"]).type == "webhook.test"
        with pytest.raises(WebhookRefused):
            receiver.got[1].verified(made["secret"])
        await desk.ask("POST", f"{path}/secret", json={"overlap_hours": 0})
        assert (await desk.ask("GET", path))["old_secret_until"] is None


async def test_no_secret_is_stored_or_logged(app: RunningApp, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for noisy in log.NOISY:  # as every process of ours has it
        caplog.set_level(logging.WARNING, logger=noisy)
    async with Receiver() as receiver, Desk(app, PHONE) as desk:
        keyed = {"Idempotency-Key": "k"}
        ask = {"url": receiver.url + "&token=hunter2", "event_types": ["transfer.*"]}
        answers = [await desk.ask("POST", "", 201, json=ask, headers=keyed) for _ in range(2)]
        rotated = await desk.ask("POST", f"/{answers[0]['webhook']['id']}/secret", json={}, headers=keyed)
        await desk.happens(transfer("settled"))
        await desk.fan_out()
        await desk.attempt_all()
        assert len(receiver.got) == 2
        secrets = [each["secret"] for each in (*answers, rotated)]
        assert len(set(secrets)) == 3
        stored = ""
        for table in ("webhook_endpoints", "webhook_deliveries", "webhook_attempts", "stored_answers"):
            stored += str(desk.rows(f"SELECT * FROM {table}"))
        bare = [secret.removeprefix("whsec_") for secret in secrets]
        assert not [secret for secret in bare if secret in stored]
        assert not [secret for secret in (*bare, "hunter2") if secret in caplog.text]


async def test_webhooks_are_their_owners_alone(app: RunningApp) -> None:
    async with Receiver() as receiver, Desk(app, PHONE) as desk, app.client() as other:
        other_id = (await sign_in(other, "+821055550002")).me.id
        made = await desk.register(receiver.url)
        path = f"/api/v1/webhooks/{made['webhook']['id']}"
        await desk.ask("POST", f"/{made['webhook']['id']}/test", 202)
        (delivery_id,) = await desk.due()
        for method, end, body in (
            ("GET", "", None),
            ("PATCH", "", {"enabled": False}),
            ("DELETE", "", None),
            ("POST", "/secret", {}),
            ("POST", "/test", None),
            ("GET", "/deliveries", None),
            ("GET", f"/deliveries/{delivery_id}", None),
            ("POST", f"/deliveries/{delivery_id}/replay", None),
            ("POST", "/replay", {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}),
        ):
            refused = await other.request(method, path + end, json=body)
            assert (refused.status_code, refused.json()["code"]) == (404, "webhook_not_found"), end
        # What happens to somebody else is told to nobody but them.
        await desk.happens(transfer("settled"), to=other_id)
        await desk.fan_out()
        assert len(await desk.due()) == 1


async def test_bad_webhooks_are_refused(app: RunningApp, running_apps: Apps) -> None:
    async with Receiver() as receiver, Desk(app, PHONE) as desk:
        assert (await desk.register(receiver.url, "transfer.paid", status=400))[
            "code"
        ] == "event_type_unknown"
        assert (await desk.register("gopher://x/", status=400))["code"] == "webhook_url_refused"
        for _ in range(10):
            await desk.register(receiver.url)
        assert (await desk.register(receiver.url, status=409))["code"] == "too_many_webhooks"
        webhook = (await desk.ask("GET", ""))[0]
        await desk.ask("PATCH", f"/{webhook['id']}", 400, json={"url": "nothing"})
        await desk.ask("DELETE", f"/{webhook['id']}", 204)
        await desk.ask("DELETE", f"/{webhook['id']}", 404)
        await desk.register(receiver.url)
    strict = running_apps()
    async with strict.client() as client:
        await sign_in(client, PHONE)
        for url in ("http://hooks.example/", "https://127.0.0.1/", "https://[::1]:8443/"):
            refused = await client.post("/api/v1/webhooks", json={"url": url, "event_types": ["transfer.*"]})
            assert (refused.status_code, refused.json()["code"]) == (400, "webhook_url_refused"), url


async def test_what_is_too_large_is_given_up_visibly(app: RunningApp) -> None:
    async with Receiver() as receiver, Desk(app, PHONE) as desk:
        made = await desk.register(receiver.url)
        await desk.happens(transfer("settled", note="x" * PAYLOAD_BYTES_MAX), transfer("settled"))
        await desk.fan_out()
        await desk.attempt_all()
        assert len(receiver.got) == 1
        failed = await desk.ask("GET", f"/{made['webhook']['id']}/deliveries?state=failed")
        assert [each["last_error"] for each in failed["items"]] == ["too_large"]


async def test_deliveries_page_and_filter(app: RunningApp) -> None:
    async with Receiver() as receiver, Desk(app, PHONE) as desk:
        made = await desk.register(receiver.url)
        path = f"/{made['webhook']['id']}/deliveries"
        await desk.happens(*[transfer("settled")] * 4, transfer("failed"))
        await desk.fan_out()
        found, cursor = [], ""
        while True:
            page = await desk.ask("GET", f"{path}?limit=2{cursor}")
            found += [each["id"] for each in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert len(set(found)) == len(found) == 5
        assert len((await desk.ask("GET", f"{path}?event_type=transfer.failed"))["items"]) == 1
        assert (await desk.ask("GET", f"{path}?state=delivered"))["items"] == []
        assert (await desk.ask("GET", f"{path}?cursor=!!", 400))["code"] == "cursor_malformed"
        await desk.ask("DELETE", f"/{made['webhook']['id']}", 204)
        assert await desk.attempt_all() == []


async def test_a_payment_is_told_to_both_sides_by_a_real_worker(running_apps: Apps, tmp_path: Path) -> None:
    async with Receiver() as receiver, World(running_apps, tmp_path, webhook_private_targets=True) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        secrets = {}
        for person in (mina, jun):
            ask = {
                "url": f"http://127.0.0.1:{receiver.port}/{person.id}",
                "event_types": ["transfer.settled", "wallet.activity"],
            }
            secrets[f"/{person.id}"] = (await person.post("/webhooks", ask, 201))["secret"]
        transfer = await mina.pay(jun, "3", note="dinner")
        await mina.until(transfer, "settled")
        heard: dict[str, set[str]] = {}
        async with asyncio.timeout(40):
            while len(heard.get(f"/{mina.id}", ())) < 2 or not heard.get(f"/{jun.id}"):
                await receiver.until(len(receiver.got) + 1)
                for request in receiver.got:
                    message = request.verified(secrets[request.target])
                    subject = message.data.get("transfer") or message.data["entry"]
                    if subject["state"] == "settled":
                        heard.setdefault(request.target, set()).add(message.type)
                        assert subject["note"] == "dinner"
        assert heard == {
            f"/{mina.id}": {"transfer.settled", "wallet.activity"},
            f"/{jun.id}": {"wallet.activity"},
        }
        bodies = {json.loads(request.body)["type"] for request in receiver.got}
        assert bodies == {"transfer.settled", "wallet.activity"}
        with psycopg.connect(world.settings.database_url.replace("+psycopg", "")) as db:
            left = db.execute("SELECT count(*) FROM webhook_deliveries WHERE state = 'failed'").fetchone()
        assert left == (0,)
