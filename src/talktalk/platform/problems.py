"""What can go wrong for a caller, as RFC 9457 problems.

A slice derives one class per thing that can happen and gives it a status and a stable code:

    class FriendNotFound(Trouble):
        status, code, title = 404, "friend_not_found", "No such friend"

Malformed input is another family: the framework answers it with 400 and code `malformed`.
"""

from typing import ClassVar

from talktalk_wire.common import FieldError, Problem

PROBLEM_TYPE = "urn:talktalk:problem:"


class Trouble(Exception):
    """Root of every expected error a caller is told about. Nothing was changed."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "trouble"
    title: ClassVar[str] = "The request could not be done"

    def __init__(
        self,
        detail: str = "",
        *,
        retry_after_s: int | None = None,
        errors: tuple[FieldError, ...] = (),
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.errors = errors

    def problem(self) -> Problem:
        """The wire form."""
        return Problem(
            type=PROBLEM_TYPE + self.code,
            title=self.title,
            status=self.status,
            code=self.code,
            detail=self.detail,
            retry_after_s=self.retry_after_s,
            errors=self.errors,
        )


class NotSignedIn(Trouble):
    """No session, or one that has ended."""

    status, code, title = 401, "not_signed_in", "Sign in first"


class Forbidden(Trouble):
    """Signed in, but not allowed."""

    status, code, title = 403, "forbidden", "Not allowed"


class ScopeMissing(Forbidden):
    """An access token without the scope this needs, or something only a signed-in person may do."""

    code, title = "scope_missing", "This access token may not do that"


class NotFound(Trouble):
    """No such thing, or not for this caller: the two are not told apart."""

    status, code, title = 404, "not_found", "Not found"


class TooMany(Trouble):
    """A limit was reached; `retry_after_s` says when to come back."""

    status, code, title = 429, "too_many", "Too many requests"


class Unavailable(Trouble):
    """A part this needs is down; nothing was changed, try again."""

    status, code, title = 503, "unavailable", "Not available now"
