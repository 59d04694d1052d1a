"""No engine result of a submission decides anything: neither a refusal nor a fee that rose meanwhile."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from talktalk.ledger.fees import FEE_DROPS_CAP
from tests.fixtures_app import RunningApp
from tests.ledger.relay import Message
from tests.transfers.world import World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]
RESULTS = (
    *("tefBAD_AUTH", "tefPAST_SEQ", "tefMAX_LEDGER", "terNO_ACCOUNT", "terPRE_SEQ", "temMALFORMED"),
    *("telINSUF_FEE_P", "telCAN_NOT_QUEUE", "tecUNFUNDED_PAYMENT", "tooBusy"),
)


async def test_whatever_a_node_answers_the_ledger_decides(running_apps: Apps, tmp_path: Path) -> None:
    """Each is taken by the node, which says otherwise: recordings show refusals that became successes."""
    async with World(running_apps, tmp_path, manual=True, relayed=True) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")
        for count, result in enumerate(RESULTS, start=1):

            def say(asked: Message, answer: Message, result: str = result) -> Message:
                if asked.get("command") != "submit":
                    return answer
                if result == "tooBusy":
                    return {"id": answer["id"], "status": "error", "type": "response", "error": result}
                return {**answer, "result": {**answer["result"], "engine_result": result, "accepted": False}}

            world.relay.on_answer = say
            paid = await mina.until(await mina.pay(jun, "1"), "submitted")
            async with world.rows() as db:
                found = await db.execute(
                    text("SELECT engine_result FROM outgoing_transactions ORDER BY created_at DESC LIMIT 1")
                )
                assert found.scalar_one() == result
            await world.net.accept()
            settled = await mina.until(paid)
            assert (settled["state"], settled["failure"]) == ("settled", None), result
            assert await jun.balance_drops() == 1_000_000_000 + count * 1_000_000


async def test_fee_that_rises_after_signing_leaves_the_blob_waiting(
    running_apps: Apps, tmp_path: Path
) -> None:
    """The same blob applies when the fee has fallen; it is never signed anew."""
    async with World(running_apps, tmp_path, manual=True, relayed=True) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")
        draft = await mina.draft(jun, "1")
        world.net.faults.set({"fee_factor": 100})
        sent: list[str] = []

        def watch(asked: Message) -> Message:
            if asked["command"] == "submit":
                sent.append(asked["tx_blob"])
            return asked

        world.relay.on_request = watch
        paid = await mina.until(await mina.approve(draft), "submitted")
        world.net.faults.set({"fee_factor": 1})
        # The node kept it, or it is sent again: either way a ledger takes it before its window ends.
        while (settled := await mina.get(f"/transfers/{paid['id']}"))["state"] == "submitted":
            await world.net.accept()
            await world.processed()
            await asyncio.sleep(1)
        assert len(set(sent)) == 1
        assert settled["state"] == "settled"
        assert settled["fee_drops"] == draft["fee_drops"]
        async with world.rows() as db:
            assert (await db.execute(text("SELECT count(*) FROM outgoing_transactions"))).scalar_one() == 1


async def test_fee_that_stays_high_lets_the_signed_payment_expire(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, manual=True, relayed=True) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")
        draft = await mina.draft(jun, "1")
        world.net.faults.set({"fee_factor": 100, "withhold": ["*"]})
        paid = await mina.until(await mina.approve(draft), "submitted")
        async with world.rows() as db:
            found = await db.execute(text("SELECT last_ledger FROM outgoing_transactions"))
            last_ledger = found.scalar_one()
        while await world.net.accept() < last_ledger:
            pass
        assert (await mina.until(paid))["state"] == "expired"
        assert await mina.balance_drops() == 1_000_000_000


async def test_above_the_cap_nothing_is_drafted(running_apps: Apps, tmp_path: Path) -> None:
    async with World(running_apps, tmp_path, manual=True) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")
        world.net.faults.set({"fee_factor": FEE_DROPS_CAP // 10 + 1})
        await world.net.accept()
        await world.processed()
        refused = await mina.draft(jun, "1", status=503)
        assert refused["code"] == "ledger_busy"
        world.net.faults.set({"fee_factor": FEE_DROPS_CAP // 10})
        await world.net.accept()
        await world.processed()
        assert (await mina.draft(jun, "1"))["fee_drops"] == FEE_DROPS_CAP
