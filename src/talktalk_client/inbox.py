"""Reading sign-in codes from a development server's SMS inbox, for demonstrations and tests.

    await t.sign_in(phone, read_code=inbox_code(url))

Production servers have no such inbox.
"""

from talktalk_client.errors import TalkTalkError

WAIT_S = 20.0


class NoCode(TalkTalkError):
    """The inbox has no code for this number."""
