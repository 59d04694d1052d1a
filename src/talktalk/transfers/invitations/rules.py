"""The thinking about invitations: how long, how many, and what the message says. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from talktalk.identity.rules import prefix_of
from talktalk.identity.texts import locale_for
from talktalk.platform.limits import Rate, Rule

LIFE: Final = timedelta(days=30)
OPEN_MAX: Final = 50
"""Open invitations of one person."""
JOINED: Final = "joined"
"""Stored, and shown as `waiting`: signed up, and the wallet is being made."""
NAME_LENGTH_MAX: Final = 20
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_MESSAGE: Final = {
    "ko": "[TalkTalk] {name} 님이 {amount} XRP를 보내려고 초대했습니다. 가입: {link}",
    "en": "[TalkTalk] {name} would like to send you {amount} XRP. Join: {link}",
}
_SOMEBODY: Final = {"ko": "친구", "en": "A friend"}


class InvitationQuotas(msgspec.Struct, frozen=True, kw_only=True):
    """How often one may invite: every message costs money, and lands in somebody's pocket."""

    sender: Rate = Rate(count=10, period=_DAY, burst=5)
    number: Rate = Rate(count=2, period=_DAY, burst=2)
    """From everybody together."""
    prefix: Rate = Rate(count=60, period=_HOUR, burst=20)
    """A block of numbers, against pumping messages to numbers that earn by them."""

    def of(self, sender_id: UUID, phone: str) -> Mapping[str, Rule]:
        """What one invitation draws on."""
        return {
            f"invite:sender:{sender_id.hex}": self.sender,
            f"invite:number:{phone}": self.number,
            f"invite:prefix:{prefix_of(phone)}": self.prefix,
        }


PRODUCTION = InvitationQuotas()
_WIDE = Rate(count=100_000, period=_HOUR, burst=10_000)
DEVELOPMENT = InvitationQuotas(sender=_WIDE, number=_WIDE, prefix=_WIDE)


def message(phone: str, name: str, amount: str, link: str) -> str:
    """The text message, in the language of the number's country.

    Of what the sender wrote only the name stands in it, and only where it is plainly a name: a message of
    ours must not carry a stranger's link or number.
    """
    locale = locale_for(phone)
    is_name = 0 < len(name) <= NAME_LENGTH_MAX and all(each.isalpha() or each == " " for each in name)
    return _MESSAGE[locale].format(name=name if is_name else _SOMEBODY[locale], amount=amount, link=link)
