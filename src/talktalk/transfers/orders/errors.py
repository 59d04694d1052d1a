"""What a caller is told about an order that cannot be. Nothing was changed."""

from talktalk.platform.problems import NotFound, Trouble


class OrderMalformed(Trouble):
    """The field its kind names is missing, or another one is there."""

    status, code, title = 422, "order_malformed", "The order does not say what it wants"


class DuplicateRecipient(Trouble):
    """The same address twice, by whatever name; `errors` names which."""

    status, code, title = 422, "recipient_duplicate", "Someone is named twice"


class LineNotEmpty(Trouble):
    """There is still something on it."""

    status, code, title = 409, "line_not_empty", "Spend or send back what is left of this token first"


class LineUnchanged(Trouble):
    """It is there already, with this very limit."""

    status, code, title = 409, "line_unchanged", "This token is in the wallet already"


class NoNewLines(Trouble):
    """The issuer lets nobody new hold it."""

    status, code, title = 409, "no_new_lines", "The issuer takes no new holders"


class ReserveTooSmall(Trouble):
    """The ledger's reserve for tickets is not there besides the amounts."""

    status, code, title = 409, "reserve_too_small", "Not enough money for the ledger's reserve besides"


class PlanTooLong(Trouble):
    """So many stages that the last would lie outside any window."""

    status, code, title = 409, "plan_too_long", "This takes too many ledgers; pay fewer at once"


class AtomicUnavailable(Trouble):
    """All-or-nothing for so many, or on a network without Batch."""

    status, code, title = 409, "atomic_unavailable", "All or nothing cannot be had for these"


class OrderNotFound(NotFound):
    """No such order, or not the caller's."""

    code, title = "order_not_found", "No such order"
