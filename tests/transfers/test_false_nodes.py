"""Payments through three nodes of which one is false: what people see is what the ledger holds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from talktalk.ledger.health import Reason
from tests.fixtures_app import RunningApp
from tests.ledger.relay import Message
from tests.transfers.world import World

pytestmark = pytest.mark.integration
Apps = Callable[..., RunningApp]


def _forge(asked: Message, answer: Message) -> Message:
    """Success for what failed, failure for what succeeded, nowhere for what is there, accepted for what is not."""
    command, result = asked.get("command"), answer.get("result", {})
    if command == "ledger" and asked.get("expand"):
        for entry in result.get("ledger", {}).get("transactions", ()):
            is_success = entry["meta_blob"].endswith("00")
            entry["meta_blob"] = entry["meta_blob"][:-2] + ("68" if is_success else "00")
    elif command == "tx":
        refusal = {"status": "error", "type": "response", "error": "txnNotFound", "searched_all": True}
        return {"id": answer["id"], **refusal}
    elif command == "submit" and result:
        result |= {"engine_result": "temMALFORMED", "accepted": False}
    return answer


async def test_one_node_of_three_that_lies_about_everything_changes_nothing(
    running_apps: Apps, tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path, relays=3) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun")
        exchange = await world.outsider(drops=50_000_000)
        draft = await mina.draft(exchange.address, "1")
        await exchange.submit({"TransactionType": "AccountSet", "SetFlag": 1})
        world.relays[0].on_answer = _forge
        failed = await mina.until(await mina.approve(draft))
        assert (failed["state"], failed["failure"]["code"]) == ("failed", "tecDST_TAG_NEEDED")
        paid = [await mina.until(await mina.pay(jun, "1")) for _ in range(3)]
        assert [each["state"] for each in paid] == ["settled"] * 3
        await world.processed()
        assert await jun.balance_drops() == 1_003_000_000
        shown = (await jun.get("/wallet"))["balances"][0]["balance"]
        assert (shown["asset"], shown["value"]) == ("XRP", "1003")


async def test_node_that_forks_while_another_is_down_stops_ends_and_not_truth(
    running_apps: Apps, tmp_path: Path
) -> None:
    """One left of three that can be believed: nothing ends until a second is back."""
    async with World(running_apps, tmp_path, manual=True, relays=3) as world:
        mina, jun = await world.person_by_hand("Mina"), await world.person_by_hand("Jun")
        forking, down, _ = world.relays
        forking.on_stream = lambda message: {**message, "ledger_hash": "AB" * 32}
        forking.on_answer = lambda asked, answer: (
            {**answer, "result": {**answer["result"], "ledger_hash": "AB" * 32}}
            if asked.get("command") == "ledger"
            else answer
        )
        down.refuses = True
        down.cut()
        paid = await mina.until(await mina.pay(jun, "1"), "submitted")
        for _ in range(3):
            await world.net.accept()
        assert (await mina.get(f"/transfers/{paid['id']}"))["state"] == "submitted"
        down.refuses = False
        settled = await mina.until(paid)
        assert settled["state"] == "settled"
        assert world.worker is not None
        assert world.worker.pool.reason_of(world.worker.pool.nodes[0]) is Reason.FORKED
