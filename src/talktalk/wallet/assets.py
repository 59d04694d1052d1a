"""The assets manager: what a person holds, what they could hold, and what they want to see."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger import accounts, holdings, issuers
from talktalk.ledger.amounts import Issued, Mpt, parse_asset
from talktalk.ledger.rounding import plain
from talktalk.ledger.service import Ledger
from talktalk.wallet import queries
from talktalk.wallet.announcements import Announcements
from talktalk.wallet.balances import held_of, order, token_of
from talktalk.wallet.errors import AssetUnknown, TokenNotHeld
from talktalk.wallet.service import WalletDesk
from talktalk_wire.assets import Assets, TokenTerms


async def read_all(db: AsyncSession, desk: WalletDesk, user_id: UUID) -> Assets:
    """Everything the assets manager shows."""
    head = await accounts.read_head(db, desk.network)
    row = await queries.wallet(db, user_id)
    address = row.address if row is not None else None
    account = await accounts.read(db, desk.network, address) if address is not None else None
    decided = (await queries.shown_tokens(db, desk.network, [user_id]))[user_id]
    held = []
    if head is not None and address is not None:
        found = await holdings.read(db, desk.network, [address])
        held = sorted((held_of(each, desk.tokens, decided, head) for each in found), key=order)
    known = {each.token.asset for each in held}
    return Assets(
        held=held,
        listed=[token_of(asset, desk.tokens) for asset in desk.tokens.tokens if asset not in known],
        list_serial=desk.tokens.serial,
        line_reserve_drops=head.reserves.increment_drops if head is not None else 0,
        spendable_drops=account.spendable_drops(head.reserves)
        if account is not None and head is not None
        else 0,
    )


async def show(db: AsyncSession, desk: WalletDesk, user_id: UUID, asset: str, *, shown: bool) -> Assets:
    """Put a token among the balances, or take it out.

    Raises:
        TokenNotHeld: The person has no line or entry for it.
    """
    address = await desk.address_of(db, user_id)
    holding = await holdings.one(db, desk.network, address, asset) if address is not None else None
    if holding is None:
        raise TokenNotHeld
    await decide(db, desk, user_id, asset, shown=shown)
    announcements = Announcements()
    await desk.announce_wallets(db, [user_id], announcements)
    await announcements.flush(db)
    return await read_all(db, desk, user_id)


async def decide(db: AsyncSession, desk: WalletDesk, user_id: UUID, asset: str, *, shown: bool) -> None:
    """Write down whether a person wants to see a token, held or about to be."""
    await queries.show_token(
        db, user_id=user_id, network=desk.network, asset=asset, shown=shown, now=desk.clock.now()
    )


async def look_up(ledger: Ledger, asset: str) -> tuple[Issued | Mpt, issuers.AssetTerms]:
    """An asset and its issuer's terms, from the ledger. Holds no transaction.

    Raises:
        BadAsset: Not an asset.
        AssetUnknown: XRP, or nobody has issued it.
        LedgerUnavailable: No node answered.
    """
    parsed = parse_asset(asset)
    if not isinstance(parsed, Issued | Mpt):
        raise AssetUnknown
    terms = await issuers.read_terms(ledger, parsed)
    if terms is None:
        raise AssetUnknown
    return parsed, terms


async def describe(
    db: AsyncSession, desk: WalletDesk, user_id: UUID, asset: Issued | Mpt, terms: issuers.AssetTerms
) -> TokenTerms:
    """A token with its issuer's terms, and what the person has of it."""
    everything = await read_all(db, desk, user_id)
    held = next((each for each in everything.held if each.token.asset == str(asset)), None)
    token = held.token if held is not None else token_of(str(asset), desk.tokens)
    percent = (Decimal(terms.rate) / Decimal(terms.parity) - 1) * 100
    return TokenTerms(
        token=token,
        held=held,
        frozen=terms.frozen,
        requires_authorization=terms.requires_authorization,
        transferable=terms.lets_holders_pay,
        takes_lines=terms.takes_lines,
        can_freeze=terms.can_freeze,
        can_claw_back=terms.can_claw_back,
        transfer_fee_percent=plain(percent),
        claimed_domain=terms.domain,
        line_reserve_drops=everything.line_reserve_drops,
    )
