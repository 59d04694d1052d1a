"""Methods about payment channels: account_channels, channel_authorize, channel_verify.

Source: rippled `AccountChannels.cpp`, `PayChanClaim.cpp`.
"""

from typing import Any, Final

from xrpl_codec.base58 import (
    ACCOUNT_PUBLIC_PREFIX,
    Base58Error,
    decode,
    encode,
    encode_account,
)
from xrpl_codec.keys import public_key_type, verify
from xrpl_devnet.ledger import keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.rpc.errors import RpcError, missing_field
from xrpl_devnet.rpc.lookup import (
    ACCOUNT_PAGE,
    account_of,
    account_param,
    find_ledger,
    hash_param,
    limit_param,
)
from xrpl_devnet.rpc.owned import owned_entries, place_param
from xrpl_devnet.rpc.registry import Context, method
from xrpl_devnet.rpc.secrets import key_pair_of
from xrpl_devnet.rpc.shape import hex_of
from xrpl_devnet.tx.pay_channel import claim_message

MAX_UINT64: Final = 2**64 - 1
_OPTIONAL: Final = {
    "Expiration": "expiration",
    "CancelAfter": "cancel_after",
    "SourceTag": "source_tag",
    "DestinationTag": "destination_tag",
}


def _channel_json(channel: Entry) -> dict[str, Any]:
    key: bytes = channel["PublicKey"]
    out: dict[str, Any] = {
        "account": encode_account(channel["Account"]),
        "amount": str(channel["Amount"]),
        "balance": str(channel["Balance"]),
        "channel_id": hex_of(channel.key),
        "destination_account": encode_account(channel["Destination"]),
        "public_key": encode(ACCOUNT_PUBLIC_PREFIX, key),
        "public_key_hex": hex_of(key),
        "settle_delay": channel["SettleDelay"],
    }
    out.update({shown: channel[name] for name, shown in _OPTIONAL.items() if name in channel})
    return out


@method("account_channels")
def account_channels(ctx: Context) -> dict[str, Any]:
    """The channels whose source an account is."""
    account = account_param(ctx, "account")
    destination: bytes | None = None
    if ctx.params.get("destination_account"):
        destination = account_of(ctx.params["destination_account"])
        if destination is None:
            raise RpcError("actMalformed")
    limit, place = limit_param(ctx, ACCOUNT_PAGE), place_param(ctx)
    found = find_ledger(ctx)
    if not found.view.exists(keylets.account(account)):
        raise RpcError("actNotFound")
    shown: list[dict[str, Any]] = []
    out: dict[str, Any] = {"account": encode_account(account), "channels": shown}
    for where, entry in owned_entries(found.view, account, place):
        if entry.kind != "PayChannel" or entry["Account"] != account:
            continue
        if destination is not None and entry["Destination"] != destination:
            continue
        if len(shown) == limit:
            out["limit"] = limit
            out["marker"] = f"{where[0]},{where[1]}"
            break
        shown.append(_channel_json(entry))
    return {**out, **found.describe()}


def _claim(ctx: Context) -> bytes:
    """What is signed for the channel and the amount of a request.

    Raises:
        RpcError: `channelMalformed`, `channelAmtMalformed`.
    """
    channel = hash_param(ctx.params["channel_id"])
    if channel is None:
        raise RpcError("channelMalformed")
    amount = ctx.params["amount"]
    if not isinstance(amount, str) or not amount.isascii() or not amount.isdecimal():
        raise RpcError("channelAmtMalformed")
    # Longer texts are no 64-bit number, and not worth turning into one.
    if len(amount) > 20 or int(amount) > MAX_UINT64:
        raise RpcError("channelAmtMalformed")
    return claim_message(channel, int(amount))


def _require(ctx: Context, *names: str) -> None:
    for name in names:
        if name not in ctx.params:
            raise missing_field(name)


@method("channel_authorize", admin=True)
def channel_authorize(ctx: Context) -> dict[str, Any]:
    """Sign a claim with a secret."""
    _require(ctx, "channel_id", "amount")
    if "key_type" not in ctx.params:
        _require(ctx, "secret")
    pair = key_pair_of(ctx.params)
    return {"signature": hex_of(pair.sign(_claim(ctx)))}


def _public_key(value: Any) -> bytes | None:
    """A public key in base58 or hex."""
    if not isinstance(value, str):
        return None
    try:
        key = decode(ACCOUNT_PUBLIC_PREFIX, value, 33)
    except Base58Error:
        try:
            key = bytes.fromhex(value)
        except ValueError:
            return None
    return key if public_key_type(key) is not None else None


@method("channel_verify")
def channel_verify(ctx: Context) -> dict[str, Any]:
    """Whether a claim is signed by a key."""
    _require(ctx, "public_key", "channel_id", "amount", "signature")
    key = _public_key(ctx.params["public_key"])
    if key is None:
        raise RpcError("publicMalformed")
    message = _claim(ctx)
    signature = ctx.params["signature"]
    try:
        raw = bytes.fromhex(signature) if isinstance(signature, str) else b""
    except ValueError:
        raw = b""
    if not raw:
        raise RpcError("invalidParams")
    return {"signature_verified": verify(key, message, raw)}
