"""The ledger header: its fields, its hash, and how close times are chosen."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from xrpl_codec.hashing import LEDGER_HEADER, half

RIPPLE_EPOCH: Final = 946_684_800
"""2000-01-01T00:00:00Z in Unix seconds."""
CLOSE_TIME_RESOLUTION_S: Final = 10
"""A new ledger's resolution; one node always agrees with itself, so it stays."""


@dataclass(frozen=True, slots=True)
class Header:
    """What identifies a closed ledger."""

    index: int
    drops: int
    """All XRP there is."""
    parent_hash: bytes
    transaction_hash: bytes
    account_hash: bytes
    parent_close_time: int
    """Seconds of the ripple epoch."""
    close_time: int
    close_time_resolution: int = CLOSE_TIME_RESOLUTION_S
    close_flags: int = 0

    def blob(self) -> bytes:
        """The 118 bytes that are hashed, as `ledger_data` shows them."""
        return (
            self.index.to_bytes(4, "big")
            + self.drops.to_bytes(8, "big")
            + self.parent_hash
            + self.transaction_hash
            + self.account_hash
            + self.parent_close_time.to_bytes(4, "big")
            + self.close_time.to_bytes(4, "big")
            + bytes((self.close_time_resolution, self.close_flags))
        )

    @classmethod
    def from_blob(cls, blob: bytes) -> "Header":
        """The header of `blob()`."""
        return cls(
            index=int.from_bytes(blob[0:4], "big"),
            drops=int.from_bytes(blob[4:12], "big"),
            parent_hash=blob[12:44],
            transaction_hash=blob[44:76],
            account_hash=blob[76:108],
            parent_close_time=int.from_bytes(blob[108:112], "big"),
            close_time=int.from_bytes(blob[112:116], "big"),
            close_time_resolution=blob[116],
            close_flags=blob[117],
        )

    def hash(self) -> bytes:
        """`ledger_hash`."""
        return half(LEDGER_HEADER + self.blob())


def round_close_time(time_s: int, resolution_s: int) -> int:
    """The nearest multiple of the resolution, halves up."""
    time_s += resolution_s // 2
    return time_s - time_s % resolution_s


def effective_close_time(time_s: int, resolution_s: int, parent_close_time_s: int) -> int:
    """The close time of a ledger: the rounded clock, and at least a second after its parent's."""
    return max(round_close_time(time_s, resolution_s), parent_close_time_s + 1)


def human_time(time_s: int) -> str:
    """A close time as `close_time_human` shows it."""
    moment = dt.datetime.fromtimestamp(time_s + RIPPLE_EPOCH, tz=dt.UTC)
    return moment.strftime("%Y-%b-%d %H:%M:%S.000000000 UTC")


def iso_time(time_s: int) -> str:
    """A close time as `close_time_iso` shows it."""
    moment = dt.datetime.fromtimestamp(time_s + RIPPLE_EPOCH, tz=dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
