"""How often one may look for people and ask them. Finding by number must not become a way to read the
telephone book; development, where one person stands for many, is wide."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import msgspec

from talktalk.platform.limits import Rate, Rule

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class SocialQuotas(msgspec.Struct, frozen=True, kw_only=True):
    """Limits a person."""

    search: Rate = Rate(count=60, period=_HOUR, burst=20)
    search_daily: Rate = Rate(count=200, period=_DAY, burst=200)
    request: Rate = Rate(count=100, period=_DAY, burst=30)

    def for_search(self, user_id: UUID) -> Mapping[str, Rule]:
        """What one search draws on."""
        return {f"search:{user_id.hex}": self.search, f"search_daily:{user_id.hex}": self.search_daily}

    def for_request(self, user_id: UUID) -> Mapping[str, Rule]:
        """What one friend request draws on."""
        return {f"friend_request:{user_id.hex}": self.request}


PRODUCTION = SocialQuotas()
_WIDE = Rate(count=100_000, period=_HOUR, burst=10_000)
DEVELOPMENT = SocialQuotas(search=_WIDE, search_daily=_WIDE, request=_WIDE)
