"""What identity needs from outside."""

from collections.abc import Collection
from typing import Protocol, runtime_checkable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession


@runtime_checkable
class SmsSender(Protocol):
    """Hands a short message to whoever carries it."""

    async def send(self, phone: str, text: str) -> None:
        """Send once. Never tried again by itself: a repeated call would be a second message.

        Args:
            phone: E.164.
            text: The whole message.

        Raises:
            SmsRefused: It certainly was not sent.
            SmsUnconfirmed: Handed over or not, nobody knows; it may still arrive.
        """
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


class SmsRefused(Exception):
    """Certainly not sent; the text says why, for the log."""


class SmsUnconfirmed(Exception):
    """The answer never came; the message may still arrive."""


@runtime_checkable
class Newcomers(Protocol):
    """Hears of new people, in the transaction that makes them (the wallet opens an account)."""

    async def __call__(self, db: AsyncSession, *, user_id: UUID, device_id: UUID) -> None:
        """A person signed in for the first time, on this device."""
        ...


@runtime_checkable
class Acquaintances(Protocol):
    """Knows who should hear that a person has a new name or picture."""

    async def __call__(self, db: AsyncSession, user_id: UUID) -> Collection[UUID]:
        """The people to tell."""
        ...
