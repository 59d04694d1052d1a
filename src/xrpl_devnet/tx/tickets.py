"""Tickets: how one is used up, by a transaction or with its account."""

from xrpl_devnet.ledger import directory
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import Sandbox
from xrpl_devnet.results import Ter


def delete_ticket(view: Sandbox, root: Entry, key: bytes) -> Ter:
    """Use a ticket up: it leaves the ledger, the owner's directory and the owner's counts."""
    ticket = view.peek(key)
    if ticket is None:
        return "tefBAD_LEDGER"
    owner: bytes = root["Account"]
    if not directory.owner_remove(view, owner, ticket["OwnerNode"], key, keep_root=True):
        return "tefBAD_LEDGER"
    left = root.get("TicketCount", 0) - 1
    if left < 0:
        return "tefBAD_LEDGER"
    if left == 0:
        del root["TicketCount"]
    else:
        root["TicketCount"] = left
    directory.adjust_owner_count(view, root, -1)
    view.erase(ticket)
    return "tesSUCCESS"
