"""Reading sign-in codes from a development server's SMS inbox, for demonstrations and tests.

    await t.sign_in(phone, read_code=inbox_code(url))

Production servers have no such inbox.
"""

import ssl
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from talktalk_client.errors import NotFound, TalkTalkError
from talktalk_client.policy import Policy
from talktalk_client.rest import Http
from talktalk_wire.identity import Challenge, DevSms


class NoCode(TalkTalkError):
    """The inbox holds no code for this number, or the server has no inbox."""


def inbox_code(
    url: str, *, ssl_context: ssl.SSLContext | None = None
) -> Callable[[Challenge], Awaitable[str]]:
    """A `read_code` that looks the newest code up; the server puts it there before it answers."""

    async def read_code(challenge: Challenge) -> str:
        http = Http(url.rstrip("/"), Policy(), ssl_context)
        try:
            sms = await http.get(f"/dev/sms/{quote(challenge.phone)}", DevSms)
        except NotFound as error:
            raise NoCode(f"no message to {challenge.phone} in the development inbox") from error
        finally:
            await http.close()
        if sms.code is None:
            raise NoCode(f"the newest message to {challenge.phone} carries no code")
        return sms.code

    return read_code
