"""`./talktalk up --demo`: four friends with rooms, history, funded wallets and settled payments.

Everything goes through the SDK, as for any other person. Each message and each payment has a key that
is the same on every run, so that running again adds nothing, and a run that was interrupted is
finished by the next (its payments only where a recovered wallet may spend at once, for each run signs
in as a new device). The first talk is written last and tells that all is done.

Sign-in codes come from the development inbox: without one there is no demo.
"""

import asyncio
import contextlib
import itertools
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec

from talktalk.demo_data.world import PIN, RESIDENTS, TALKS, Line, Pay, Talk, Who
from talktalk_client import Conflict, RecoveryRefused, TalkTalk
from talktalk_client.inbox import inbox_code
from talktalk_wire.chat import Room
from talktalk_wire.wallet import DeviceTrust

READY_TIMEOUT_S: Final = 60.0
SETTLED_TIMEOUT_S: Final = 60.0
TRUST_TIMEOUT_S: Final = 5.0
_DEVICE = "TalkTalk demo"
_WARNINGS = ("new_payee", "large_share", "not_a_friend", "empties_wallet")


class DemoPerson(msgspec.Struct, frozen=True, kw_only=True):
    """How to sign in as someone of the demo."""

    name: str
    phone: str
    """E.164; the code is in `/dev/inbox`."""
    pin: str
    """Payment PIN."""
    recovery_code: str
    """Brings the wallet to the browser one signs in from; works once."""


class DemoPeople(list[DemoPerson]):
    """The four; as text, how to sign in as each."""

    def __str__(self) -> str:
        rows = (
            f"  {each.name:<12} {each.phone}   PIN {each.pin}   recovery code {each.recovery_code}"
            for each in self
        )
        return "\n".join(("Sign in as any of these; the code is in /dev/inbox:", *rows))


_Clients = Mapping[Who, TalkTalk]


async def seed(base_url: str, ssl_context: ssl.SSLContext | None = None) -> DemoPeople:
    """Make the demo's world, or find it there.

    Args:
        base_url: The server's address.
        ssl_context: Trusts its certificate, where the usual authorities do not.

    Raises:
        talktalk_client.inbox.NoCode: The server has no development inbox.
        talktalk_client.TalkTalkError: A part of the server did not do its work.
    """
    async with contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(_signed_in(base_url, Who.MINA, ssl_context))
        if not await _is_done(first):
            others = [who for who in Who if who is not Who.MINA]
            clients = await asyncio.gather(
                *(stack.enter_async_context(_signed_in(base_url, who, ssl_context)) for who in others)
            )
            await _make({Who.MINA: first, **dict(zip(others, clients, strict=True))})
    return DemoPeople(
        DemoPerson(name=each.name, phone=each.phone, pin=PIN, recovery_code=each.recovery_code)
        for each in RESIDENTS.values()
    )


@contextlib.asynccontextmanager
async def _signed_in(base_url: str, who: Who, ssl_context: ssl.SSLContext | None) -> AsyncIterator[TalkTalk]:
    """A session that ends with the seeding."""
    async with TalkTalk(base_url, ssl_context=ssl_context) as client:
        code = inbox_code(base_url, ssl_context=ssl_context)
        await client.sign_in(RESIDENTS[who].phone, read_code=code, device_name=_DEVICE)
        yield client
        await client.sign_out()


async def _is_done(mina: TalkTalk) -> bool:
    """Whether the last message of the first talk stands in its room."""
    last = _key(0, len(TALKS[0].turns) - 1)
    for room in await mina.rooms.list():
        async for message in mina.rooms.history(room):
            if message.client_id == last:
                return True
    return False


async def _make(clients: _Clients) -> None:
    await asyncio.gather(*(_settle_in(client, who) for who, client in clients.items()))
    for one, other in itertools.combinations(clients.values(), 2):
        await _befriend(one, other)
    await asyncio.gather(*(_tell(clients, number) for number in range(1, len(TALKS))))
    await _tell(clients, 0)


async def _settle_in(client: TalkTalk, who: Who) -> None:
    """A name, a funded wallet, a PIN, a recovery code; or what of it is missing."""
    resident = RESIDENTS[who]
    if client.me.name != resident.name:
        await client.update_profile(name=resident.name, locale=resident.locale)
    wallet = await client.wallet.wait_ready(timeout_s=READY_TIMEOUT_S)
    if wallet.trust is not DeviceTrust.TRUSTED:
        return
    if not wallet.has_pin:
        await client.wallet.set_pin(PIN)
    if not wallet.has_recovery_code:
        await client.wallet.new_recovery_code(pin=PIN, code=resident.recovery_code)


async def _befriend(one: TalkTalk, other: TalkTalk) -> None:
    if any(friend.person.id == other.me.id for friend in await one.friends.list()):
        return
    with contextlib.suppress(Conflict):  # it was asked before, or they are friends by now
        await one.friends.request(other.me.id)
    for request in await other.friends.requests():
        if request.incoming and request.person.id == one.me.id:
            await other.friends.accept(request)


async def _tell(clients: _Clients, number: int) -> None:
    """Say and pay what one talk holds, each turn after the one before it."""
    talk = TALKS[number]
    one, other = clients[talk.one], clients[talk.other]
    room = await one.rooms.open_direct(other.me.id)
    for index, turn in enumerate(talk.turns):
        speaker, hearer = (one, other) if turn.who is talk.one else (other, one)
        if isinstance(turn, Line):
            await speaker.messages.send(room, turn.text, client_id=_key(number, index))
        elif await _may_pay(speaker, turn.who):
            await _pay(speaker, hearer, turn, _key(number, index))
    await _read(clients, talk, room)


async def _may_pay(client: TalkTalk, who: Who) -> bool:
    """Whether this device may spend; a run after an interrupted one has to recover the wallet first."""
    wallet = await client.wallet.get()
    if wallet.trust is DeviceTrust.UNTRUSTED and wallet.has_recovery_code:
        with contextlib.suppress(RecoveryRefused, TimeoutError):
            await client.wallet.recover(RESIDENTS[who].recovery_code)
            wallet = await client.wallet.wait_spendable(timeout_s=TRUST_TIMEOUT_S)
    return wallet.trust is DeviceTrust.TRUSTED


async def _pay(sender: TalkTalk, receiver: TalkTalk, pay: Pay, key: str) -> None:
    payment = await sender.transfers.pay(
        to=receiver.me.id,
        amount=pay.xrp,
        note=pay.note,
        pin=PIN,
        accept_warnings=_WARNINGS,
        idempotency_key=key,
    )
    await payment.settled(timeout_s=SETTLED_TIMEOUT_S)


async def _read(clients: _Clients, talk: Talk, room: Room) -> None:
    """Both have read everything, except who has not seen the last message yet."""
    for who in (talk.one, talk.other):
        now = await clients[who].rooms.get(room)
        await clients[who].rooms.read(room, now.head_seq - int(who is talk.unread_by))


def _key(talk: int, turn: int) -> str:
    """Client id of a message, or idempotency key of a payment."""
    return f"talktalk-demo-{talk}-{turn}"
