"""How often a person may have something sent by hand: it must not become a way to hammer an address."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from talktalk.platform.limits import Rate, Rule

BY_HAND: Final = Rate(count=60, period=timedelta(minutes=10), burst=30)


def for_sending(user_id: UUID) -> Mapping[str, Rule]:
    """What one test or replay draws on."""
    return {f"webhook_by_hand:{user_id.hex}": BY_HAND}
