"""Puts what arrives in order: every event once, strictly by position, gaps asked for.

No I/O. Frames go in; events that may be shown come out of `ready`; `fetches` says what to ask the
server for. There is one lane for the user's own sequence and one for each room.

- A lane at position p takes p + 1. A smaller number is a repeat and is dropped. A larger one is held
  back while the gap is asked for (`room.fetch`, `user.fetch`).
- A fetched page is the server's word on what follows p: where its numbers jump, the missing ones
  are not this user's to see, and the lane jumps too.
- `heads` tell how far each lane should have come, so that a lost last event is noticed.
- A room never heard of begins at 0.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, Generic, TypeVar
from uuid import UUID

import msgspec

from talktalk_client.frames import StrangeRoomEvent
from talktalk_wire.chat import RoomEvent
from talktalk_wire.realtime import Heads, Position, Presence, ReadMoved, Stale, Typing, UserEvent

HELD_MAX: Final = 1_000
"""Events held back per lane while a gap is filled; what is beyond comes with the fetched pages."""

FETCHES_MAX: Final = 4
"""Pages asked for at the same time."""

InRoom = RoomEvent | StrangeRoomEvent
Passing = ReadMoved | Typing | Presence
"""Pushes without a position."""
Ordered = InRoom | UserEvent | Passing

E = TypeVar("E", bound=InRoom | UserEvent)


class Fetch(msgspec.Struct, frozen=True):
    """Ask for what follows `after` in a room, or (`room_id` None) in the user's own sequence."""

    room_id: UUID | None
    after: int


class _Lane(Generic[E]):
    """One gap-free sequence."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.head = position
        self.asked = False
        self._held: dict[int, E] = {}

    @property
    def is_behind(self) -> bool:
        return self.head > self.position

    def take(self, event: E) -> list[E]:
        """What may be shown now that `event` is here."""
        self.head = max(self.head, event.seq)
        if event.seq <= self.position:
            return []
        if event.seq > self.position + 1:
            if len(self._held) < HELD_MAX:
                self._held[event.seq] = event
            return []
        self.position = event.seq
        return [event, *self._release()]

    def page(self, items: Sequence[E], head: int) -> list[E]:
        """What may be shown now that a page is here."""
        shown: list[E] = []
        for event in sorted(items, key=lambda each: each.seq):
            if event.seq > self.position:
                shown.append(event)
                self.position = event.seq
        shown += self._release()
        self.head = max(head, self.position, *self._held)
        return shown

    def _release(self) -> list[E]:
        released: list[E] = []
        while (following := self._held.pop(self.position + 1, None)) is not None:
            self.position = following.seq
            released.append(following)
        for seq in [seq for seq in self._held if seq <= self.position]:
            del self._held[seq]
        return released


class Sequencer:
    """The lanes of one event stream."""

    def __init__(self, since: Position | None) -> None:
        self.ready: deque[Ordered] = deque()
        """Events in the order they may be shown; whoever shows one takes it out."""
        self._user: _Lane[UserEvent] | None = None
        self._rooms: dict[UUID, _Lane[InRoom]] = {}
        self._wanted: dict[UUID | None, None] = {}  # in the order they were found behind
        self._asked = 0
        if since is not None:
            self._begin(since.user_seq, since.rooms)

    @property
    def has_begun(self) -> bool:
        """Whether there is a position to go on from."""
        return self._user is not None

    def position(self) -> Position | None:
        """How far the lanes have come; None before the first welcome."""
        if self._user is None:
            return None
        rooms = {room_id: lane.position for room_id, lane in self._rooms.items()}
        return Position(user_seq=self._user.position, rooms=rooms)

    def welcome(self, heads: Heads, replayed: Position | None) -> None:
        """The socket is (again) connected.

        Args:
            heads: The newest positions at that moment.
            replayed: From where the server now replays by itself, as ordinary pushes; lanes in it
                are left to the replay and to the next `heads`.
        """
        if self._user is None:
            self._begin(heads.user_seq, heads.rooms)
            return
        covered = frozenset[UUID]() if replayed is None else replayed.rooms.keys()
        others = {room_id: seq for room_id, seq in heads.rooms.items() if room_id not in covered}
        user_seq = heads.user_seq if replayed is None else self._user.position
        self.heads(Heads(user_seq=user_seq, rooms=others))

    def heads(self, heads: Heads) -> None:
        """How far the server has come."""
        if self._user is None:
            return
        self._user.head = max(self._user.head, heads.user_seq)
        self._want(None, self._user)
        for room_id, seq in heads.rooms.items():
            lane = self._lane(room_id)
            lane.head = max(lane.head, seq)
            self._want(room_id, lane)

    def stale(self, stale: Stale) -> None:
        """Too much for a replay: ask page by page instead."""
        if self._user is None:
            return
        # How much was missed is not said; one more than nothing makes the lane ask.
        behind = {room_id: self._lane(room_id).position + 1 for room_id in stale.rooms}
        self.heads(Heads(user_seq=self._user.position + int(stale.user), rooms=behind))

    def room_event(self, event: InRoom) -> None:
        """A room's event came by the socket."""
        if self._user is None:
            return
        lane = self._lane(event.room_id)
        self.ready.extend(lane.take(event))
        self._want(event.room_id, lane)

    def user_event(self, event: UserEvent) -> None:
        """One of the user's own events came by the socket."""
        if self._user is None:
            return
        self.ready.extend(self._user.take(event))
        self._want(None, self._user)

    def passing(self, push: Passing) -> None:
        """Something without a position came by the socket."""
        if self._user is not None:
            self.ready.append(push)

    def fetches(self) -> list[Fetch]:
        """What to ask for now; each is answered by `room_page`, `user_page` or `unanswered`."""
        asked: list[Fetch] = []
        for room_id in list(self._wanted):
            if self._asked >= FETCHES_MAX:
                break
            del self._wanted[room_id]
            lane = self._user if room_id is None else self._rooms.get(room_id)
            if lane is not None and lane.is_behind and not lane.asked:
                lane.asked = True
                self._asked += 1
                asked.append(Fetch(room_id, lane.position))
        return asked

    def room_page(self, room_id: UUID, items: Sequence[InRoom], head: int) -> None:
        """A fetched page of a room."""
        self._asked -= 1
        lane = self._rooms.get(room_id)
        if lane is None:
            return
        lane.asked = False
        self.ready.extend(lane.page(items, head))
        if items:  # an empty page brings nothing closer: the next heads ask again
            self._want(room_id, lane)

    def user_page(self, items: Sequence[UserEvent], head: int) -> None:
        """A fetched page of the user's own sequence."""
        self._asked -= 1
        lane = self._user
        assert lane is not None, "a page was asked for before the stream began"
        lane.asked = False
        self.ready.extend(lane.page(items, head))
        if items:
            self._want(None, lane)

    def unanswered(self, room_id: UUID | None, *, is_gone: bool = False) -> None:
        """A fetch brought nothing: ask again, or forget a room that is not ours to see any more."""
        self._asked -= 1
        if room_id is None:
            assert self._user is not None, "a page was asked for before the stream began"
            self._user.asked = False
            self._want(None, self._user)
        elif is_gone:
            self._rooms.pop(room_id, None)
            self._wanted.pop(room_id, None)
        elif (lane := self._rooms.get(room_id)) is not None:
            lane.asked = False
            self._want(room_id, lane)

    def _begin(self, user_seq: int, rooms: dict[UUID, int]) -> None:
        self._user = _Lane(user_seq)
        self._rooms = {room_id: _Lane(seq) for room_id, seq in rooms.items()}

    def _lane(self, room_id: UUID) -> _Lane[InRoom]:
        lane = self._rooms.get(room_id)
        if lane is None:
            lane = self._rooms[room_id] = _Lane(0)
        return lane

    def _want(self, room_id: UUID | None, lane: "_Lane[InRoom] | _Lane[UserEvent]") -> None:
        if lane.is_behind:
            self._wanted[room_id] = None
