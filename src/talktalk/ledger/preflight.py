"""What the ledger would do with a draft now, asked before a person is asked to approve it.

`simulate` applies an unsigned transaction to the open ledger of one node and throws the result away. It
promises nothing: what is asked is approved, signed and applied later, to another ledger. So only a refusal
is acted on (`WouldFail`, in words); a success, a node without the method, one that does not answer, and
every result that speaks of numbering, of load or of the node itself say nothing.

The draft is asked as if it were the account's next transaction: numbers that others of ours hold, or a
ticket not made yet, are no reason to refuse it. A Batch cannot be simulated.

Source: xrpl.org, simulate; Transaction Results.
"""

import asyncio
import logging
from typing import Any, Final

from talktalk.ledger import errors
from talktalk.ledger.amendments import Amendments
from talktalk.ledger.errors import NodeRefused, NodeUnavailable, WouldFail
from talktalk.ledger.nodes import NodePool
from talktalk.ledger.transactions import decode_blob

TIMEOUT_S = 1.0
"""Who pays waits for it."""
ABSENT_S = 300.0
"""When no node has the method, it is not asked for so long."""
CANNOT_SIMULATE: Final = frozenset({"Batch"})
NO_METHOD: Final = frozenset({"unknownCmd", "notSupported", "notImpl", "forbidden", "noPermission"})
NUMBERING: Final = ("Sequence", "TicketSequence")
SAYS_NOTHING: Final = frozenset(
    {
        *("tefALREADY", "tefEXCEPTION", "tefFAILURE", "tefINTERNAL", "tefMAX_LEDGER", "tefNO_TICKET"),
        *("tefPAST_SEQ", "tefWRONG_PRIOR", "tecINTERNAL"),
    }
)
REFUSALS: Final[dict[str, type[WouldFail]]] = {
    "tecUNFUNDED": errors.WouldBeUnfunded,
    "tecUNFUNDED_PAYMENT": errors.WouldBeUnfunded,
    "tecINSUFFICIENT_FUNDS": errors.WouldBeUnfunded,
    "tecINSUFF_FEE": errors.WouldBeUnfunded,
    "tecINSUFFICIENT_RESERVE": errors.WouldLackReserve,
    "tecINSUF_RESERVE_LINE": errors.WouldLackReserve,
    "tecINSUF_RESERVE_OFFER": errors.WouldLackReserve,
    "tecNO_LINE_INSUF_RESERVE": errors.WouldLackReserve,
    "tecNO_DST": errors.PayeeNotOnLedger,
    "tecNO_DST_INSUF_XRP": errors.PayeeNotOnLedger,
    "tecDST_TAG_NEEDED": errors.PayeeWantsTag,
    "tecNO_PERMISSION": errors.PayeeRefuses,
    "tecBAD_CREDENTIALS": errors.PayeeRefuses,
    "tecEXPIRED": errors.PayeeRefuses,
    "tecNO_AUTH": errors.PayeeCannotHold,
    "tecNO_LINE": errors.PayeeCannotHold,
    "tecPATH_DRY": errors.NoWayToSend,
    "tecPATH_PARTIAL": errors.NoWayToSend,
    "tecFROZEN": errors.AssetFrozen,
    "tecLOCKED": errors.AssetFrozen,
    "tefBAD_AUTH": errors.KeyMayNotSign,
    "tefBAD_AUTH_MASTER": errors.KeyMayNotSign,
    "tefMASTER_DISABLED": errors.KeyMayNotSign,
    "temDISABLED": errors.NotOnThisNetwork,
}
WOULD_FAIL: Final = (WouldFail, *dict.fromkeys(REFUSALS.values()))
"""Every problem `Preflight.look` may raise, for routes."""

log = logging.getLogger(__name__)


class Preflight:
    """Asks the nodes of one process."""

    def __init__(self, pool: NodePool, amendments: Amendments) -> None:
        self._pool = pool
        self._amendments = amendments
        self._absent_until = 0.0

    async def look(self, blob: bytes) -> None:
        """Ask what would become of an unsigned transaction; returning is no promise.

        Args:
            blob: Its serialisation without a signature.

        Raises:
            WouldFail: The ledger, as it is now, would refuse it.
            MalformedTransaction: It is none.
        """
        fields = decode_blob(blob)
        now = asyncio.get_running_loop().time()
        if fields["TransactionType"] in CANNOT_SIMULATE or now < self._absent_until:
            return
        asked = {name: value for name, value in fields.items() if name not in NUMBERING}
        try:
            found = await self._pool.request("simulate", timeout_s=TIMEOUT_S, tx_json=asked)
        except NodeUnavailable:
            return
        except NodeRefused as error:
            if error.error in NO_METHOD:
                self._absent_until = now + ABSENT_S
            else:
                log.info("a draft could not be simulated: %s", error.error)
            return
        result = str(found.get("engine_result", ""))
        refused = refusal(result)
        if refused is errors.NotOnThisNetwork:
            self._amendments.forget()
        if refused is not None:
            raise refused(_words(result, found))


def refusal(result: str) -> type[WouldFail] | None:
    """The problem a result is, if it is a refusal of the transaction itself."""
    if result in REFUSALS:
        return REFUSALS[result]
    if result in SAYS_NOTHING or not result.startswith(("tec", "tef", "tem")):
        return None
    return WouldFail


def _words(result: str, found: dict[str, Any]) -> str:
    message = found.get("engine_result_message")
    return f"{result}: {message}" if isinstance(message, str) else result
