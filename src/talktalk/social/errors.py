"""What can go wrong in social.

Trouble
├── PersonNotFound      404  nobody with this id can be found (or they blocked me)
├── RequestNotFound     404  no such request of mine
├── RequestClosed       409  it was answered or taken back already
├── AlreadyFriends      409
├── NotFriends          404
├── YouBlocked          409  unblock first
├── NotWithYourself     400
└── TooManyFriends      409  the list, or the open requests, are full
"""

from talktalk.platform.problems import Trouble


class PersonNotFound(Trouble):
    """No such person, or one who does not want to be found: the two are not told apart."""

    status, code, title = 404, "person_not_found", "No such person"


class RequestNotFound(Trouble):
    """No such request, or not one that this person may act on."""

    status, code, title = 404, "friend_request_not_found", "No such friend request"


class RequestClosed(Trouble):
    """The request has ended another way."""

    status, code, title = 409, "friend_request_closed", "This request was answered or taken back already"


class AlreadyFriends(Trouble):
    """There is nothing to ask for."""

    status, code, title = 409, "already_friends", "You are friends already"


class NotFriends(Trouble):
    """The person is not in the caller's list."""

    status, code, title = 404, "not_friends", "You are not friends"


class YouBlocked(Trouble):
    """The caller blocks this person."""

    status, code, title = 409, "you_blocked", "You blocked this person; unblock first"


class NotWithYourself(Trouble):
    """Both sides are the same person."""

    status, code, title = 400, "not_with_yourself", "That is you"


class TooManyFriends(Trouble):
    """A bound was reached."""

    status, code, title = 409, "too_many_friends", "The list is full"
