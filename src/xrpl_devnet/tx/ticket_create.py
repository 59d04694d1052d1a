"""TicketCreate: set sequence numbers aside for later, in any order.

Source: rippled `CreateTicket.cpp`.
"""

from typing import ClassVar, Final

from xrpl_devnet.ledger import directory, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor

MAX_TICKETS: Final = 250


@transactor("TicketCreate")
class TicketCreate(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("TicketBatch",)

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """1 to 250."""
        return "tesSUCCESS" if 1 <= ctx.tx["TicketCount"] <= MAX_TICKETS else "temINVALID_COUNT"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """No more than 250 in all; a ticket used here makes room for one."""
        root = ctx.view.read(keylets.account(ctx.tx.account))
        if root is None:
            return "terNO_ACCOUNT"
        used = 1 if ctx.tx.seq_proxy.is_ticket else 0
        total = root.get("TicketCount", 0) + ctx.tx["TicketCount"] - used
        return "tecDIR_FULL" if total > MAX_TICKETS else "tesSUCCESS"

    def apply(self) -> Ter:
        """Make them, numbered from the account's next Sequence."""
        sender = self.sender
        count: int = self.tx["TicketCount"]
        if not self.reserve_met(sender["OwnerCount"] + count):
            return "tecINSUFFICIENT_RESERVE"
        first: int = sender["Sequence"]
        if not self.tx.seq_proxy.is_ticket and self.tx.seq_proxy.value + 1 != first:
            return "tefINTERNAL"
        for number in range(first, first + count):
            key = keylets.ticket(self.account_id, number)
            ticket = Entry.new("Ticket", key, Account=self.account_id, TicketSequence=number)
            self.view.insert(ticket)
            page = directory.owner_insert(self.view, self.account_id, key)
            if page is None:
                return "tecDIR_FULL"
            ticket["OwnerNode"] = page
        sender["TicketCount"] = sender.get("TicketCount", 0) + count
        directory.adjust_owner_count(self.view, sender, count)
        sender["Sequence"] = first + count
        return "tesSUCCESS"
