"""Looking at many receivers at once: what the network says, who they are here, what stands against."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import service as identity
from talktalk.ledger import accounts
from talktalk.ledger.addresses import Destination
from talktalk.ledger.schemas import Reserves
from talktalk.ledger.service import Ledger
from talktalk.platform.problems import Trouble
from talktalk.social import service as social
from talktalk.transfers import rules
from talktalk.transfers.errors import (
    Blocked,
    DestinationRefuses,
    RecipientNotFound,
    RecipientWithoutWallet,
    ToSelf,
)
from talktalk.transfers.orders.errors import DuplicateRecipient
from talktalk.transfers.rules import Payee
from talktalk.transfers.service import Looked, Wanted
from talktalk.wallet.service import WalletDesk
from talktalk_wire.common import FieldError

AT_A_TIME = 16
"""Addresses a node is asked about at once."""


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """One who can be paid."""

    user_id: UUID | None
    address: str
    destination_tag: int | None
    amount_drops: int
    payee: Payee
    is_new: bool
    is_stranger: bool


async def look_at(ledger: Ledger, address: str, sender_address: str) -> Looked:
    """Ask the network about one address.

    Raises:
        LedgerUnavailable: No node answers.
    """
    state = await ledger.account(address)
    payee = Payee(
        exists=state is not None,
        balance_drops=state.balance_drops if state is not None else 0,
        flags=state.flags if state is not None else 0,
    )
    lets_in = True
    if state is not None and rules.chooses_senders(payee):
        lets_in = await ledger.deposit_authorized(sender_address, address)
    return Looked(payee=payee, lets_in=lets_in)


async def look_at_all(
    ledger: Ledger, destinations: Collection[Destination], sender_address: str
) -> dict[str, Looked]:
    """Ask the network about addresses, a few at a time.

    Raises:
        LedgerUnavailable: No node answers.
    """
    gate = asyncio.Semaphore(AT_A_TIME)

    async def one(address: str) -> tuple[str, Looked]:
        async with gate:
            return address, await look_at(ledger, address, sender_address)

    return dict(await asyncio.gather(*(one(address) for address in {each.address for each in destinations})))


async def resolve(
    db: AsyncSession,
    wallets: WalletDesk,
    sender_id: UUID,
    sender_address: str,
    wanted: Sequence[Wanted],
    looked: Mapping[str, Looked],
    reserves: Reserves,
) -> list[Receiver]:
    """Everybody who is to be paid, in order.

    Raises:
        Trouble: What stands against one of them; `errors` tells whom, as `recipients[n]`.
    """
    user_ids = {each.user_id for each in wanted if each.user_id is not None}
    people = await identity.people(db, user_ids) if user_ids else {}
    address_by_user = await wallets.addresses_by_user(db, user_ids)
    named = [each.destination.address for each in wanted if each.destination is not None]
    user_by_address = await wallets.owners_of(db, named)
    everyone = [*named, *address_by_user.values()]
    ours = {account.address: account for account in await accounts.read_many(db, wallets.network, everyone)}
    friends, blocked = await social.friends_and_blocked(
        db, sender_id, user_ids | set(user_by_address.values())
    )
    paid_before = await wallets.paid_before(db, sender_id, everyone)

    def receiver(each: Wanted) -> Receiver:
        if each.destination is not None:
            address, tag = each.destination.address, each.destination.tag
            user_id, seen = user_by_address.get(address), looked[address]
        else:
            assert each.user_id is not None
            if each.user_id == sender_id:
                raise ToSelf
            if each.user_id not in people:
                raise RecipientNotFound
            if each.user_id not in address_by_user:
                raise RecipientWithoutWallet
            address, tag, user_id = address_by_user[each.user_id], None, each.user_id
            account = ours.get(address)
            payee = Payee(
                exists=account is not None and account.exists,
                balance_drops=account.balance_drops if account is not None else 0,
                flags=account.flags if account is not None else 0,
            )
            seen = Looked(payee=payee, lets_in=False)
        if address == sender_address:
            raise ToSelf
        if user_id in blocked:
            raise Blocked
        must_be_let_in = rules.check_payee(seen.payee, each.amount_drops, tag, reserves)
        if must_be_let_in and not seen.lets_in:
            raise DestinationRefuses
        return Receiver(
            user_id=user_id,
            address=address,
            destination_tag=tag,
            amount_drops=each.amount_drops,
            payee=seen.payee,
            is_new=address not in paid_before,
            is_stranger=user_id is not None and user_id not in friends,
        )

    found: list[Receiver] = []
    index_by_address: dict[str, int] = {}
    for index, each in enumerate(wanted):
        with naming(index):
            one = receiver(each)
            if one.address in index_by_address:
                raise DuplicateRecipient
        index_by_address[one.address] = index
        found.append(one)
    return found


class naming:  # noqa: N801 - read as a word: `with naming(3):`
    """Have a problem tell which recipient it is about."""

    def __init__(self, index: int) -> None:
        self._index = index

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise the same problem with the recipient's place."""
        if isinstance(error, Trouble) and not error.errors:
            where = FieldError(field=f"recipients[{self._index}]", detail=error.title)
            raise type(error)(error.detail, errors=(where,)) from error
