"""Methods about the server itself: server_info, server_state, fee, feature, definitions, ping, random."""

import datetime as dt
import secrets
import time
from typing import Any, Final

from xrpl_codec.base58 import NODE_PUBLIC_PREFIX, encode
from xrpl_codec.fields import DEFINITIONS
from xrpl_codec.hashing import half
from xrpl_codec.keys import derive
from xrpl_devnet import amendments
from xrpl_devnet.rpc.errors import RpcError
from xrpl_devnet.rpc.registry import Context, method
from xrpl_devnet.rpc.shape import hex_of

LOAD_BASE: Final = 256
HOST_ID: Final = "devnet"
EXPECTED_LEDGER_SIZE: Final = 1000
MAX_QUEUE_SIZE: Final = 20_000
MEDIAN_LEVEL: Final = 128_000
_NODE_KEY: Final = derive(half(b"xrpl_devnet node")[:16], "secp256k1").public
_STATES: Final = ("connected", "disconnected", "full", "syncing", "tracking")


def _uptime_us(ctx: Context) -> int:
    return max(int((time.time() - ctx.service.started_at_s) * 1_000_000), 0)


def server_fields() -> dict[str, Any]:
    """What a subscription to the server's own stream is told at once."""
    return {
        "hostid": HOST_ID,
        "load_base": LOAD_BASE,
        "load_factor": LOAD_BASE,
        "pubkey_node": encode(NODE_PUBLIC_PREFIX, _NODE_KEY),
        "random": secrets.token_hex(32).upper(),
        "server_status": "full",
        "stand_alone": True,
    }


def _common(ctx: Context) -> dict[str, Any]:
    uptime = _uptime_us(ctx)
    now = dt.datetime.now(tz=dt.UTC)
    out: dict[str, Any] = {
        "build_version": ctx.node.settings.build_version,
        "complete_ledgers": ctx.node.complete_text(),
        "io_latency_ms": 1,
        "jq_trans_overflow": "0",
        "load": {"job_types": [{"in_progress": 1, "job_type": "clientCommand"}], "threads": 1},
        "peer_disconnects": "0",
        "peer_disconnects_resources": "0",
        "peers": 0,
        "pubkey_node": encode(NODE_PUBLIC_PREFIX, _NODE_KEY),
        "pubkey_validator": "none",
        "server_state": "full",
        "server_state_duration_us": str(uptime),
        "state_accounting": {
            state: {
                "duration_us": str(uptime) if state == "full" else "0",
                "transitions": "1" if state in ("disconnected", "full") else "0",
            }
            for state in _STATES
        },
        "time": now.strftime("%Y-%b-%d %H:%M:%S.%f UTC"),
        "uptime": uptime // 1_000_000,
        "initial_sync_duration_us": "0",
        "validation_quorum": 0,
    }
    if ctx.node.settings.report_network_id:
        out["network_id"] = ctx.node.settings.network_id
    return out


@method("server_info")
def server_info(ctx: Context) -> dict[str, Any]:
    """The server, for people: XRP, seconds."""
    closed, fees = ctx.node.closed, ctx.node.settings.fees
    info = _common(ctx)
    info["hostid"] = HOST_ID
    info["last_close"] = {"converge_time_s": 0.1, "proposers": 0}
    info["load_factor"] = ctx.node.open.fee_factor
    info["validated_ledger"] = {
        "age": max(int(ctx.node.clock.now_s()) - closed.close_time, 0),
        "base_fee_xrp": fees.base / 1_000_000,
        "hash": hex_of(closed.hash),
        "reserve_base_xrp": _xrp(fees.reserve_base),
        "reserve_inc_xrp": _xrp(fees.reserve_increment),
        "seq": closed.index,
    }
    info["validator_list"] = {"count": 0, "expiration": "unknown", "status": "unknown"}
    return {"info": info}


def _xrp(drops: int) -> int | float:
    return drops // 1_000_000 if drops % 1_000_000 == 0 else drops / 1_000_000


@method("server_state")
def server_state(ctx: Context) -> dict[str, Any]:
    """The server, for programs: drops, load units."""
    closed, fees = ctx.node.closed, ctx.node.settings.fees
    state = _common(ctx)
    state["last_close"] = {"converge_time": 100, "proposers": 0}
    state["load_base"] = LOAD_BASE
    for name in ("_fee_queue", "_fee_reference", "_server"):
        state[f"load_factor{name}"] = LOAD_BASE
    for name in ("", "_fee_escalation"):
        state[f"load_factor{name}"] = LOAD_BASE * ctx.node.open.fee_factor
    state["validated_ledger"] = {
        "base_fee": fees.base,
        "close_time": closed.close_time,
        "hash": hex_of(closed.hash),
        "reserve_base": fees.reserve_base,
        "reserve_inc": fees.reserve_increment,
        "seq": closed.index,
    }
    state["validator_list_expires"] = 0
    return {"state": state}


@method("fee")
def fee(ctx: Context) -> dict[str, Any]:
    """What a transaction costs now."""
    base, factor = ctx.node.settings.fees.base, ctx.node.open.fee_factor
    out: dict[str, Any] = {
        "current_ledger_size": str(len(ctx.node.open.transaction_ids)),
        "current_queue_size": "0",
        "drops": {
            "base_fee": str(base),
            "median_fee": str(base * MEDIAN_LEVEL // LOAD_BASE),
            "minimum_fee": str(base),
            "open_ledger_fee": str(base * factor),
        },
        "expected_ledger_size": str(EXPECTED_LEDGER_SIZE),
        "ledger_current_index": ctx.node.open.index,
        "levels": {
            "median_level": str(MEDIAN_LEVEL),
            "minimum_level": str(LOAD_BASE),
            "open_ledger_level": str(LOAD_BASE * factor),
            "reference_level": str(LOAD_BASE),
        },
    }
    # The queue's size is known only after a close.
    if ctx.node.open.index > 3:
        out["max_queue_size"] = str(MAX_QUEUE_SIZE)
    return out


def _amendment(ctx: Context, name: str) -> dict[str, Any]:
    return {
        "enabled": ctx.node.closed.rules.enabled(name),
        "name": name,
        "supported": True,
        "vetoed": False,
    }


@method("feature")
def feature(ctx: Context) -> dict[str, Any]:
    """The amendments: all, or one by name or id."""
    wanted = ctx.params.get("feature")
    if wanted is None:
        return {
            "features": {
                hex_of(amendment): _amendment(ctx, name) for name, amendment in amendments.IDS.items()
            }
        }
    if not isinstance(wanted, str):
        raise RpcError("invalidParams")
    name: str | None = wanted if wanted in amendments.IDS else None
    if name is None and len(wanted) == 64:
        try:
            name = amendments.NAMES.get(bytes.fromhex(wanted))
        except ValueError:
            name = None
    if name is None:
        raise RpcError("badFeature")
    return {hex_of(amendments.IDS[name]): _amendment(ctx, name)}


@method("server_definitions")
def server_definitions(ctx: Context) -> dict[str, Any]:
    """Fields, types, formats and results; only the hash when the client has them."""
    digest: str = DEFINITIONS["hash"]
    known = ctx.params.get("hash")
    if known is not None and (not isinstance(known, str) or len(known) != 64):
        raise RpcError("invalidParams", "Invalid field 'hash'.")
    return {"hash": digest} if known == digest else DEFINITIONS


@method("ping")
def ping(ctx: Context) -> dict[str, Any]:
    """Nothing but an answer."""
    if not ctx.is_admin:
        return {}
    return {"role": "admin"} if ctx.subscriber is None else {"role": "admin", "unlimited": True}


@method("random")
def random(ctx: Context) -> dict[str, Any]:
    """Thirty-two random bytes."""
    del ctx
    return {"random": secrets.token_hex(32).upper()}


@method("version")
def version(ctx: Context) -> dict[str, Any]:
    """The API versions."""
    del ctx
    return {"version": {"first": 1, "good": 1, "last": 2}}
