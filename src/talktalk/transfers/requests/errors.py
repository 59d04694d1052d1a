"""What a caller is told about a request that cannot be made, paid or changed. Nothing was changed."""

from talktalk.platform.problems import Forbidden, NotFound, TooMany, Trouble


class SplitMalformed(Trouble):
    """Somebody twice, nobody else, or values and weights that do not go with the mode."""

    status, code, title = 422, "split_malformed", "This cannot be split like that"


class SplitTooSmall(Trouble):
    """Somebody's part would be nothing."""

    status, code, title = 422, "split_too_small", "Too little to split among so many"


class ExpiryRefused(Trouble):
    """In the past, or more than a year away."""

    status, code, title = 422, "expiry_refused", "A request ends within a year"


class DebtorUnreachable(Forbidden):
    """Money is asked only of friends and of people in the same room."""

    code, title = "debtor_unreachable", "You can ask friends and people in this room only"


class TooManyOpenRequests(Trouble):
    """So many requests are open that another would be noise."""

    status, code, title = 409, "too_many_open_requests", "Too many of your requests are open"


class MoneyRequestNotFound(NotFound):
    """No such request, or not for the caller."""

    code, title = "money_request_not_found", "No such request"


class MoneyRequestMismatch(Trouble):
    """A payment that names a request must pay its maker, in its asset."""

    status, code, title = 422, "money_request_mismatch", "This payment does not fit the request"


class MoneyRequestClosed(Trouble):
    """It is paid, or has ended."""

    status, code, title = 409, "money_request_closed", "There is nothing left to pay here"


class MoneyRequestOverpaid(Trouble):
    """More than is open."""

    status, code, title = 409, "money_request_overpaid", "That is more than is asked for"


class MoneyRequestBeingPaid(Trouble):
    """A payment on its way would pay it; wait until that has ended."""

    status, code, title = 409, "money_request_being_paid", "A payment of this is on its way"


class RemindTooSoon(TooMany):
    """They were reminded a short while ago."""

    code, title = "remind_too_soon", "They were reminded a short while ago"


class SettleUpChanged(Trouble):
    """The plan has changed since it was read, or never had this payment."""

    status, code, title = 409, "settle_up_changed", "The balances have changed; look again"
