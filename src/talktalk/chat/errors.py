"""What can go wrong in chat.

Trouble
├── RoomNotFound        404  no such room, or the caller is not in it
├── RoomWithSelf        409
├── PersonNotFound      404
├── Blocked             403  a block stands between the two
├── TooManyRequests     429  too many strangers have not answered yet
├── RequestPending      403  a stranger has to accept first
├── RequestNotFound     404  nothing here waits to be accepted
├── BodyRefused         400  empty, or with characters that no text has
├── CursorRefused       400  a page cursor that we did not give
├── Busy                503  too much is waiting to be written
└── NotWritten          503  it may or may not have been written: ask again with the same client_id
"""

from talktalk.platform.problems import TooMany, Trouble


class RoomNotFound(Trouble):
    """No such room, or not for this caller: the two are not told apart."""

    status, code, title = 404, "not_a_member", "No such room"


class RoomWithSelf(Trouble):
    """A direct room has two people."""

    status, code, title = 409, "room_with_self", "A room needs another person"


class PersonNotFound(Trouble):
    """Nobody has this id."""

    status, code, title = 404, "person_not_found", "No such person"


class Blocked(Trouble):
    """One of the two blocked the other; which one is not told."""

    status, code, title = 403, "blocked", "Messages cannot be sent to this person"


class TooManyRequests(TooMany):
    """Too many strangers written to who have not answered yet."""

    title = "Wait until some of them answer"


class RequestPending(Trouble):
    """Strangers: the one who was written to has not accepted, or has declined; the two look alike."""

    status, code, title = 403, "request_pending", "Wait until they accept"


class RequestNotFound(Trouble):
    """The room does not wait for the caller's acceptance."""

    status, code, title = 404, "request_not_found", "No request to answer"


class BodyRefused(Trouble):
    """A text that is blank or cannot be stored."""

    status, code, title = 400, "body_refused", "This text cannot be sent"


class CursorRefused(Trouble):
    """A page cursor that is not one of ours."""

    status, code, title = 400, "malformed", "No such cursor"


class Busy(Trouble):
    """Too much is waiting to be written; nothing was."""

    status, code, title = 503, "busy", "Too busy now"


class NotWritten(Trouble):
    """The outcome is not known; a repeat with the same `client_id` tells, and makes no second one."""

    status, code, title = 503, "unavailable", "Not written yet, try again"
