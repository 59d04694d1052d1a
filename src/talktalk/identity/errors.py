"""What can go wrong in identity.

Trouble
├── PhoneInvalid          400  no such number can exist
├── ChallengeNotFound     404  no such challenge for the holder of this secret
├── CodeWrong             403  tries are left
├── CodeSpent             403  too many tries; ask for a new code
├── CodeExpired           410  older than three minutes
├── CodeUsed              409  it worked once already
├── SmsNotSent            503  the message did not go out; nothing was sent
├── SessionNotFound       404
├── AccessTokenNotFound   404
├── TooManyAccessTokens   409  revoke one first
├── NameInvalid           400  no visible character
├── PictureRefused        415  not a PNG, JPEG or WebP of a sane size
└── PictureTooLarge       413
"""

from talktalk.platform.problems import Trouble
from talktalk_wire.common import FieldError


class PhoneInvalid(Trouble):
    """The digits cannot be a telephone number."""

    status, code, title = 400, "phone_invalid", "This is not a valid phone number"


class ChallengeNotFound(Trouble):
    """Unknown challenge, or the secret is not its own: the two are not told apart."""

    status, code, title = 404, "challenge_not_found", "No such challenge"


class CodeWrong(Trouble):
    """The code is another one."""

    status, code, title = 403, "code_wrong", "The code is wrong"

    def __init__(self, tries_left: int) -> None:
        detail = f"{tries_left} tries left"
        super().__init__(detail, errors=(FieldError(field="code", detail=detail),))


class CodeSpent(Trouble):
    """Too many wrong codes for this challenge."""

    status, code, title = 403, "code_spent", "Too many wrong codes; ask for a new one"


class CodeExpired(Trouble):
    """The code is too old."""

    status, code, title = 410, "code_expired", "The code has expired; ask for a new one"


class CodeUsed(Trouble):
    """The code worked once already."""

    status, code, title = 409, "code_used", "The code was used already; ask for a new one"


class SmsNotSent(Trouble):
    """The provider refused the message or could not be reached before it was handed over."""

    status, code, title = 503, "sms_not_sent", "The message could not be sent"


class SessionNotFound(Trouble):
    """No such session of this person."""

    status, code, title = 404, "session_not_found", "No such session"


class AccessTokenNotFound(Trouble):
    """No such token of this person."""

    status, code, title = 404, "access_token_not_found", "No such access token"


class TooManyAccessTokens(Trouble):
    """Nobody needs so many; one that is not used any more can be revoked."""

    status, code, title = 409, "too_many_access_tokens", "Revoke an access token you no longer need first"


class NameInvalid(Trouble):
    """Nothing visible is left of the name."""

    status, code, title = 400, "name_invalid", "A name needs at least one visible character"


class PictureRefused(Trouble):
    """The bytes are no picture we take."""

    status, code, title = 415, "picture_refused", "Use a PNG, JPEG or WebP picture"


class PictureTooLarge(Trouble):
    """Too many bytes."""

    status, code, title = 413, "picture_too_large", "The picture is too large"
