"""What happened, in order: kept only while a failing seed is replayed."""

from collections.abc import Callable


class Trace:
    """Lines with their time and whose they are."""

    def __init__(self, now: Callable[[], float], *, keeps: bool) -> None:
        self._now = now
        self.keeps = keeps
        self.lines: list[str] = []

    def note(self, who: str, what: str) -> None:
        """Write a line down, if anybody will read it."""
        if self.keeps:
            self.lines.append(f"{self._now():9.3f}  {who:<9} {what}")
