"""What a caller is told about an invitation that cannot be. Nothing was changed."""

from talktalk.platform.problems import NotFound, Trouble


class AlreadyHere(Trouble):
    """The number belongs to somebody one can pay at once."""

    status, code, title = 409, "already_here", "This person is on TalkTalk already"


class InvitedAlready(Trouble):
    """An invitation of the caller to this number is open."""

    status, code, title = 409, "invited_already", "You have invited this number already"


class TooManyInvitations(Trouble):
    """So many of the caller's invitations are open."""

    status, code, title = 409, "too_many_invitations", "Too many of your invitations are open"


class InvitationNotFound(NotFound):
    """None such, or not the caller's."""

    code, title = "invitation_not_found", "No such invitation"


class InvitationNotReady(Trouble):
    """They have no wallet here yet."""

    status, code, title = 409, "invitation_not_ready", "They are not here yet"


class InvitationClosed(Trouble):
    """It was paid, is being paid, was cancelled, or expired."""

    status, code, title = 409, "invitation_closed", "This invitation is closed"
