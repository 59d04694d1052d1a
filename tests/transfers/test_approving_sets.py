"""Many approvals in one transaction: one bad among them is refused, or left, alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.schemas import AskPurpose
from talktalk.ledger import outgoing
from talktalk.worker import Worker
from tests.fixtures_app import RunningApp
from tests.transfers.world import Person, World

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
Apps = Callable[..., RunningApp]
APPROVE = AskPurpose.TRANSFER_APPROVE


async def _people(world: World, count: int) -> list[Person]:
    return list(await asyncio.gather(*(world.person() for _ in range(count))))


@asynccontextmanager
async def _idle_worker(world: World) -> AsyncIterator[Worker]:
    """A worker none of whose loops run."""
    worker = Worker(world.settings)
    try:
        yield worker
    finally:
        await worker.database.close()


async def _state(person: Person, transfer: dict[str, Any]) -> str:
    return str((await person.get(f"/transfers/{transfer['id']}"))["state"])


async def test_a_set_decides_each_ask_by_itself(running_apps: Apps, tmp_path: Path) -> None:
    """Right, wrong PIN, unreadable PIN, unfunded, a key that does not open: each its own end."""
    async with World(running_apps, tmp_path) as world:
        payee, right, wrong, unreadable, poor, broken = await _people(world, 6)
        # Two drafts that each could be paid alone.
        first_half, second_half = await poor.draft(payee, "600"), await poor.draft(payee, "600")
        await world.stop_worker()
        drafts = {each.id: await each.draft(payee, "1") for each in (right, wrong, unreadable, broken)}
        await right.approve(drafts[right.id])
        await wrong.approve(drafts[wrong.id], pin="000000")
        body = await unreadable.approval(drafts[unreadable.id])
        mixed_up = await right.approval({"draft": {"signing_hash": "00" * 32}})
        await unreadable.post(
            f"/transfers/{drafts[unreadable.id]['id']}/approve",
            {**body, "sealed_pin": mixed_up["sealed_pin"]},
        )
        await poor.approve(first_half)
        await poor.approve(second_half)
        await broken.approve(drafts[broken.id])
        async with world.rows() as db:
            await _turn_key(db, broken)
        async with _idle_worker(world) as worker:
            # One set; the second approval of one person waits for the next.
            assert await worker.asks.take_set(APPROVE)
            states = [await _state(poor, each) for each in (first_half, second_half)]
            assert states == ["signed", "signing"]
            assert await worker.asks.take_set(APPROVE)
            assert not await worker.asks.take_set(APPROVE)
        assert await _state(right, drafts[right.id]) == "signed"
        refused = await wrong.until_refused(drafts[wrong.id])
        assert (refused["approval_error"], refused["tries_left"]) == ("pin_wrong", 4)
        assert (await unreadable.until_refused(drafts[unreadable.id]))[
            "approval_error"
        ] == "approval_unreadable"
        assert await _state(broken, drafts[broken.id]) == "signing"
        assert (await poor.until_refused(second_half))["approval_error"] == "draft_changed"
        # The key opens again: the ask was left whole, PIN and all.
        async with world.rows() as db:
            await _turn_key(db, broken)
        async with _idle_worker(world) as worker:
            assert await worker.asks.take_set(APPROVE)
        assert await _state(broken, drafts[broken.id]) == "signed"
        world.start_worker()
        for person, draft in ((right, drafts[right.id]), (broken, drafts[broken.id]), (poor, first_half)):
            assert (await person.until(draft))["state"] == "settled"


async def test_a_set_that_fails_as_a_whole_is_taken_apart(
    running_apps: Apps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with World(running_apps, tmp_path) as world:
        payee, *payers = await _people(world, 4)
        await world.stop_worker()
        drafts = [await payer.draft(payee, "1") for payer in payers]
        for payer, draft in zip(payers, drafts, strict=True):
            await payer.approve(draft)
        store_all = outgoing.store_all

        async def failing(db: Any, network: str, made: Any, now: Any) -> Any:
            if any(str(each.ref) == drafts[0]["id"] for each in made):
                raise RuntimeError("cannot be stored")
            return await store_all(db, network, made, now)

        async with _idle_worker(world) as worker:
            monkeypatch.setattr(outgoing, "store_all", failing)
            for _ in range(2):  # the set, then the oldest alone
                with pytest.raises(RuntimeError):
                    await worker.asks.take_set(APPROVE)
            while await worker.asks.take_set(APPROVE):
                pass
            states = [await _state(payer, draft) for payer, draft in zip(payers, drafts, strict=True)]
            assert states == ["signing", "signed", "signed"]
            monkeypatch.undo()
        world.start_worker()
        for payer, draft in zip(payers, drafts, strict=True):
            assert (await payer.until(draft))["state"] == "settled"


async def test_many_payers_at_once_are_each_paid_once(running_apps: Apps, tmp_path: Path) -> None:
    """Everybody pays everybody: crossing accounts, rooms and sequences, in sets of whatever size."""
    async with World(running_apps, tmp_path) as world:
        people = await _people(world, 5)
        before = {each.id: await each.balance_drops() for each in people}

        async def pay_all(payer: Person) -> list[dict[str, Any]]:
            ends = []
            for payee in people:
                if payee is not payer:
                    ends.append(await payer.until(await payer.pay(payee, "1")))  # noqa: PERF401
            return ends

        ends = await asyncio.gather(*(pay_all(each) for each in people))
        for payer, mine in zip(people, ends, strict=True):
            assert [end["state"] for end in mine] == ["settled"] * 4
            fees = sum(end["fee_drops"] for end in mine)
            assert await payer.balance_drops() == before[payer.id] - fees
        async with world.rows() as db:
            found = await db.execute(
                text(
                    "SELECT state, count(*), count(DISTINCT (account, sequence)) FROM outgoing_transactions GROUP BY 1"
                )
            )
            assert [tuple(row) for row in found] == [("settled", 20, 20)]
            found = await db.execute(text("SELECT count(*) FROM room_events WHERE kind = 'posted'"))
            assert found.scalar_one() == 20


async def _turn_key(db: AsyncSession, person: Person) -> None:
    """Change a byte of the person's sealed key, or change it back."""
    changed = "set_byte(ciphertext, 0, get_byte(ciphertext, 0) # 1)"
    await db.execute(
        text(f"UPDATE sealed_keys SET ciphertext = {changed} WHERE owner = :owner"),
        {"owner": f"user:{person.id}"},
    )
