"""What can go wrong for a program that uses the SDK; catch as high in this tree as you can act.

TalkTalkError
├── ApiError                 the server said no, and changed nothing; branch on `code`
│   ├── Malformed            400, 413, 415, 422
│   ├── NotSignedIn          401: no session, or it has ended
│   ├── Forbidden            403
│   ├── NotFound             404
│   ├── Conflict             409
│   ├── TooMany              429: `retry_after_s` says when
│   └── ServerTrouble        5xx
├── Unreachable              no answer after all tries; what was sent may have been done
├── LinkLost                 the socket went away before it answered
├── ProtocolError            an answer that cannot be read
├── WalletNotReady           the wallet has no address yet, or was not ready in time
├── DraftRefused             the transaction to approve is not the one that was asked for
├── ApprovalRefused          the worker did not sign a payment
├── OrderRefused             the worker did not sign an order
├── PaymentNotSettled        it ended failed, expired or cancelled
└── RecoveryRefused          the wallet was not given to this device
"""

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from talktalk_wire.common import FieldError, Problem
from talktalk_wire.realtime import Error

if TYPE_CHECKING:
    from talktalk_wire.orders import Order
    from talktalk_wire.transfers import Transfer
    from talktalk_wire.wallet import Recovery


class TalkTalkError(Exception):
    """Root of everything the SDK raises on its own account."""


class ApiError(TalkTalkError):
    """The server refused. `code` is stable and meant to be branched on."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code} ({problem.status}): {problem.detail or problem.title}")
        self.problem = problem

    @property
    def status(self) -> int:
        """HTTP status, or its nearest likeness for a refused frame."""
        return self.problem.status

    @property
    def code(self) -> str:
        """Stable name of what happened."""
        return self.problem.code

    @property
    def detail(self) -> str:
        """The server's sentence; may be empty."""
        return self.problem.detail

    @property
    def retry_after_s(self) -> float | None:
        """Seconds until another try can succeed; None where waiting does not help."""
        return self.problem.retry_after_s

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """The fields that could not be accepted."""
        return self.problem.errors


class Malformed(ApiError):
    """The request could not be accepted as it is."""


class NotSignedIn(ApiError):
    """No session, or one that has ended: sign in."""


class Forbidden(ApiError):
    """Signed in, but not allowed."""


class NotFound(ApiError):
    """No such thing, or not for this person: the two are not told apart."""


class Conflict(ApiError):
    """It contradicts what is already there."""


class TooMany(ApiError):
    """A limit was reached and waiting for it would have taken longer than `Policy.patience_s`."""


class ServerTrouble(ApiError):
    """The server failed."""


class Unreachable(TalkTalkError):
    """No answer after all tries. Whether the request was done is not known, unless it was a read."""


class LinkLost(TalkTalkError):
    """The socket is not connected, or went away before it answered."""


class ProtocolError(TalkTalkError):
    """The server answered something that cannot be read."""


class WalletNotReady(TalkTalkError):
    """The wallet has no address yet, or did not become ready in the time given."""


class Difference(msgspec.Struct, frozen=True):
    """One way in which a drafted transaction is not what was asked."""

    field: str
    asked: str
    found: str


class DraftRefused(TalkTalkError):
    """The server's transaction differs from what was asked. It was not approved.

    This does not happen in honest operation: tell someone.
    """

    def __init__(self, differences: tuple[Difference, ...]) -> None:
        told = "; ".join(f"{each.field}: asked {each.asked}, found {each.found}" for each in differences)
        super().__init__(f"the drafted transaction is not what was asked ({told}); nothing was approved")
        self.differences = differences


class ApprovalRefused(TalkTalkError):
    """The worker did not sign: `code` is `pin_wrong`, `pin_locked`, `device_not_trusted`, …

    The transfer stands as a draft and may be approved again.
    """

    def __init__(self, transfer: "Transfer") -> None:
        super().__init__(f"payment {transfer.id} not approved: {transfer.approval_error}")
        self.transfer = transfer
        self.code = transfer.approval_error or ""
        self.tries_left = transfer.tries_left
        self.retry_at = transfer.retry_at


class OrderRefused(TalkTalkError):
    """The worker did not sign an order: `code` is `pin_wrong`, `pin_locked`, `insufficient_balance`, …

    The order stands as a draft and may be approved again, with the same `idempotency_key`.
    """

    def __init__(self, order: "Order") -> None:
        super().__init__(f"order {order.id} not approved: {order.approval_error}")
        self.order = order
        self.code = order.approval_error or ""
        self.tries_left = order.tries_left
        self.retry_at = order.retry_at


class PaymentNotSettled(TalkTalkError):
    """The payment ended without moving the money; `transfer` says why and what it cost."""

    def __init__(self, transfer: "Transfer") -> None:
        failure = transfer.failure
        told = transfer.state if failure is None else f"{transfer.state}, {failure.code}: {failure.detail}"
        super().__init__(f"payment {transfer.id} {told}")
        self.transfer = transfer


class RecoveryRefused(TalkTalkError):
    """The wallet was not given to this device; `recovery.reason` says why."""

    def __init__(self, recovery: "Recovery") -> None:
        super().__init__(f"recovery refused: {recovery.reason}")
        self.recovery = recovery


_BY_STATUS: dict[int, type[ApiError]] = {
    HTTPStatus.BAD_REQUEST: Malformed,
    HTTPStatus.UNAUTHORIZED: NotSignedIn,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Malformed,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Malformed,
    HTTPStatus.UNPROCESSABLE_ENTITY: Malformed,
    HTTPStatus.TOO_MANY_REQUESTS: TooMany,
}

# Frames carry no status; these codes have one in the HTTP interface.
_STATUS_BY_CODE: dict[str, int] = {
    "not_signed_in": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "blocked": HTTPStatus.FORBIDDEN,
    "request_pending": HTTPStatus.FORBIDDEN,
    "not_found": HTTPStatus.NOT_FOUND,
    "not_a_member": HTTPStatus.NOT_FOUND,
    "too_many": HTTPStatus.TOO_MANY_REQUESTS,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
    "busy": HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}


def api_error(problem: Problem) -> ApiError:
    """The class for this problem's status."""
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerTrouble(problem)
    return _BY_STATUS.get(problem.status, ApiError)(problem)


def frame_error(error: Error) -> ApiError:
    """The same tree for a refused frame."""
    status = _STATUS_BY_CODE.get(error.code, HTTPStatus.BAD_REQUEST)
    return api_error(
        Problem(
            type="about:blank",
            title=error.code,
            status=status,
            code=error.code,
            detail=error.detail,
            retry_after_s=None if error.retry_after_s is None else -int(-error.retry_after_s // 1),
        )
    )
