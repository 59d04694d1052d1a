"""A clock that tests turn by hand."""

from datetime import UTC, datetime, timedelta


class TurnedClock:
    """Starts at the present and moves only when turned."""

    def __init__(self) -> None:
        self._start = datetime.now(UTC)
        self._turned = timedelta()

    def turn(self, **by: float) -> None:
        """Go on by `timedelta(**by)`."""
        self._turned += timedelta(**by)

    def now(self) -> datetime:
        """The turned time, in UTC."""
        return self._start + self._turned

    def monotonic(self) -> float:
        """Seconds turned."""
        return self._turned.total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Turn by `seconds` and return: nobody waits for a clock that does not run."""
        self.turn(seconds=seconds)
