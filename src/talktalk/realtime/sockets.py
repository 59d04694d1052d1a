"""One connected device: what it may do, what it has missed, how it ends.

A socket is `fresh` until its `hello` is answered, then `ready`. Frames over the rate and frames that
cannot be read are answered with an error each; who does not stop is closed. A peer that does not read
is cut off (its bytes are never kept beyond the limit) and comes back by resuming.
"""

import enum
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from talktalk.platform.problems import Trouble
from talktalk.realtime import protocol
from talktalk.realtime.channels import Channel
from talktalk.realtime.limits import Bucket
from talktalk.realtime.protocol import Close, Code
from talktalk.realtime.wires import Wire
from talktalk_wire.realtime import Bye, Error

if TYPE_CHECKING:
    from talktalk.realtime.gateway import Gateway

BYE_RETRY_S: Final = 1.0
DRAIN_S: Final = 5.0
"""Clients told to move come back spread over so long."""


class Stage(enum.Enum):
    """How far a socket has come."""

    FRESH = "fresh"
    """Connected; only `hello` is heard."""
    READY = "ready"
    """Welcomed."""
    CLOSED = "closed"
    """Nothing is heard or said any more."""


class Socket:
    """A device's connection, as the gateway knows it."""

    __slots__ = (
        "_errors", "_frames", "_gateway", "_on_end", "_wire", "device_id", "heard_at", "is_greeting",
        "is_pinged", "may_type_at", "opened_at", "rooms", "sends", "session_id", "stage", "tasks", "user_id",
    )  # fmt: skip

    def __init__(
        self,
        gateway: "Gateway",
        user_id: UUID,
        session_id: UUID,
        device_id: UUID,
        on_end: Callable[["Socket"], None],
    ) -> None:
        limits = gateway.limits
        now = gateway.clock.monotonic()
        self.user_id = user_id
        self.session_id = session_id
        self.device_id = device_id
        self.stage = Stage.FRESH
        self.is_greeting = False
        """A `hello` is being answered."""
        self.is_pinged = False
        self.rooms: dict[UUID, Channel] = {}
        """The rooms whose events this socket gets."""
        self.opened_at = self.heard_at = now
        self.may_type_at = now
        """When the next typing frame of this socket is passed on."""
        self.tasks = 0
        """Frames being answered by tasks."""
        self.sends = 0
        """Messages on their way to the disk."""
        self._gateway = gateway
        self._on_end = on_end
        self._wire: Wire | None = None
        self._frames = Bucket(limits.frames_per_s, limits.frames_burst, now)
        self._errors = Bucket(1.0, limits.errors_max, now)

    def attach(self, wire: Wire) -> None:
        """The wire this socket writes to."""
        self._wire = wire

    # What the wire tells.

    def on_text(self, payload: bytes) -> None:
        """Read a frame, see that it may be answered, and have it answered."""
        if self.stage is Stage.CLOSED:
            return
        self.heard_at = now = self._gateway.clock.monotonic()
        self.is_pinged = False
        allowed = self._frames.take(now)
        try:
            envelope = protocol.read(payload)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            self.fault(None, Code.MALFORMED, str(error))
            return
        if not allowed:
            self.fault(envelope.id, Code.TOO_MANY, "slow down", retry_after_s=1.0)
            return
        self._gateway.dispatch(self, envelope)

    def on_violation(self, code: int, reason: str) -> None:
        """The peer broke the WebSocket protocol or its size limit."""
        self.end(code, reason, bye=None)

    def on_alive(self) -> None:
        """The peer answered a ping."""
        self.heard_at = self._gateway.clock.monotonic()
        self.is_pinged = False

    def on_stop(self) -> None:
        """This process stops: come back elsewhere, spread over time."""
        # Nothing depends on this being hard to guess.
        retry_after_s = round(random.uniform(0.2, DRAIN_S), 2)  # noqa: S311
        self.end(Close.MOVING, "moving", bye=Bye(code="moving", retry_after_s=retry_after_s))

    def on_lost(self) -> None:
        """The connection is gone."""
        if self.stage is not Stage.CLOSED:
            self.stage = Stage.CLOSED
            self._on_end(self)
        self._wire = None

    # What the gateway and the slices say.

    def write(self, frames: bytes) -> None:
        """Send whole frames; a peer that leaves too much unread is cut off soon after."""
        wire = self._wire
        if wire is None or self.stage is Stage.CLOSED:
            return
        wire.write(frames)
        if wire.waiting() > self._gateway.limits.waiting_bytes_max:
            self._gateway.cut_off(self)

    def answer(self, frame_id: str | None, t: str, d: msgspec.Struct) -> None:
        """Answer a frame; one without an id wants no answer, except what it asks for."""
        self.write(protocol.answer(t, frame_id, d))

    def refuse(
        self, frame_id: str | None, code: str, detail: str = "", retry_after_s: float | None = None
    ) -> None:
        """Answer a frame with an error."""
        self.write(
            protocol.answer("error", frame_id, Error(code=code, detail=detail, retry_after_s=retry_after_s))
        )

    def refuse_trouble(self, frame_id: str | None, trouble: Trouble) -> None:
        """Answer a frame with what a service raised."""
        self.refuse(frame_id, trouble.code, trouble.detail or trouble.title, trouble.retry_after_s)

    def fault(
        self, frame_id: str | None, code: Code, detail: str = "", retry_after_s: float | None = None
    ) -> None:
        """Answer a frame that should not have been sent; too many of those end the connection."""
        if self._errors.take(self._gateway.clock.monotonic()):
            self.refuse(frame_id, code, detail, retry_after_s)
        elif code is Code.TOO_MANY:
            self.end(Close.TOO_MANY, "too many frames", bye=Bye(code=code, retry_after_s=10.0))
        else:
            self.end(Close.MALFORMED, "too many errors", bye=Bye(code=code, retry_after_s=10.0))

    def ping(self) -> None:
        """Ask whether the peer is alive."""
        if self._wire is not None:
            self.is_pinged = True
            self._wire.ping()

    def end(self, code: int, reason: str, *, bye: Bye | None) -> None:
        """Close the connection, with a word of why where the peer can still hear it."""
        if self.stage is Stage.CLOSED:
            return
        wire = self._wire
        self.stage = Stage.CLOSED
        self._on_end(self)
        if wire is not None:
            if bye is not None:
                wire.write(protocol.push("bye", bye))
            wire.close(code, reason)
