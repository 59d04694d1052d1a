"""An event stream: what `TalkTalk.events()` gives.

It listens to the link through a bounded inbox, puts what comes in order (`sequencer`), asks for
what is missing, and yields typed events. It outlives any number of lost sockets. When its reader
is slow and the inbox is full, frames fall off and are fetched again once the reader has caught up:
nothing is lost, memory is bounded.

`done` moves past an event when the following one is asked for. A program that stores `done` and
starts again with `since=` sees each event it had not finished once more.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from types import TracebackType
from typing import Self
from uuid import UUID

import msgspec

from talktalk_client import frames
from talktalk_client.errors import ApiError, Forbidden, LinkLost, NotFound, ProtocolError, TalkTalkError
from talktalk_client.events import Event, event_of
from talktalk_client.frames import Push, RoomPage, StrangeRoomEvent
from talktalk_client.link import Link
from talktalk_client.policy import Backoff, Policy
from talktalk_client.sequencer import Fetch, Ordered, Sequencer
from talktalk_wire.chat import EVENTS_PAGE_MAX, RoomEvent
from talktalk_wire.realtime import (
    Beat,
    Heads,
    Position,
    Presence,
    ReadMoved,
    RoomFetch,
    Stale,
    Typing,
    UserEvent,
    UserEvents,
    UserFetch,
    Welcome,
)


class _Welcomed(msgspec.Struct, frozen=True):
    welcome: Welcome
    replayed: Position | None


class _Page(msgspec.Struct, frozen=True):
    fetch: Fetch
    page: RoomPage | UserEvents


class _Unanswered(msgspec.Struct, frozen=True):
    fetch: Fetch
    is_gone: bool


_Item = Push | _Welcomed | _Page | _Unanswered | TalkTalkError


class EventStream(AsyncIterator[Event]):
    """Events in order, each once, for as long as it is read.

    Listening begins when the stream is made. `async with` waits until it is connected, so that what
    is read over HTTP inside the block and what the stream yields leave no gap between them.
    """

    def __init__(self, link: Link, policy: Policy, since: Position | None = None) -> None:
        self._link = link
        self._policy = policy
        self._sequencer = Sequencer(since)
        self._inbox: asyncio.Queue[_Item] = asyncio.Queue()
        self._has_lost_frames = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._backoff = Backoff(policy.retry_first_s, policy.retry_last_s)
        self._shown: Ordered | None = None
        self._done = None if since is None else _copy(since)
        link.listen(self)
        link.start()

    async def __aenter__(self) -> Self:
        await self._link.wait_up()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """The next event, whenever it comes.

        Raises:
            NotSignedIn: The session has ended.
        """
        self._finish_shown()
        while not self._sequencer.ready:
            self._ask_for_missing()
            self._apply(await self._inbox.get())
            if self._done is None:
                self._done = self._sequencer.position()
        self._shown = self._sequencer.ready.popleft()
        return event_of(self._shown)

    async def aclose(self) -> None:
        """Stop listening."""
        self._link.ignore(self)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def done(self) -> Position | None:
        """The position after everything this program has finished; None before it began."""
        return None if self._done is None else _copy(self._done)

    # What the link calls.

    def position(self) -> Position | None:
        """How far it has received, for the link's `hello`."""
        return self._sequencer.position()

    def welcome(self, welcome: Welcome, replayed: Position | None) -> None:
        """The link is connected."""
        self._inbox.put_nowait(_Welcomed(welcome, replayed))

    def push(self, push: Push) -> None:
        """Take a push in, if there is room."""
        if self._inbox.qsize() < self._policy.inbox_frames_max:
            self._inbox.put_nowait(push)
        else:
            self._has_lost_frames = True

    def failed(self, failure: TalkTalkError) -> None:
        """Nothing will come any more."""
        self._inbox.put_nowait(failure)

    # The rest is the reader's side.

    def _finish_shown(self) -> None:
        shown, self._shown = self._shown, None
        if shown is None or self._done is None:
            return
        if isinstance(shown, UserEvent):
            self._done = Position(user_seq=shown.seq, rooms=self._done.rooms)
        elif isinstance(shown, RoomEvent | StrangeRoomEvent):
            self._done.rooms[shown.room_id] = shown.seq

    def _ask_for_missing(self) -> None:
        if not self._link.is_up:
            return  # the next welcome brings us back here
        if self._has_lost_frames and self._inbox.empty():
            self._has_lost_frames = False
            self._spawn(self._ask_for_heads())
        for fetch in self._sequencer.fetches():
            self._spawn(self._fetch(fetch))

    def _apply(self, item: _Item) -> None:
        sequencer = self._sequencer
        match item:
            case RoomEvent() | StrangeRoomEvent():
                sequencer.room_event(item)
            case UserEvent():
                sequencer.user_event(item)
            case ReadMoved() | Typing() | Presence():
                sequencer.passing(item)
            case Heads():
                sequencer.heads(item)
            case Stale():
                sequencer.stale(item)
            case _Welcomed():
                sequencer.welcome(item.welcome.heads, item.replayed)
            case _Page(fetch=Fetch(room_id=UUID() as room_id), page=RoomPage() as page):
                self._backoff.reset()
                sequencer.room_page(room_id, page.items, page.head_seq)
            case _Page(page=UserEvents() as page):
                self._backoff.reset()
                sequencer.user_page(page.items, page.head_seq)
            case _Unanswered():
                sequencer.unanswered(item.fetch.room_id, is_gone=item.is_gone)
            case TalkTalkError():
                self._inbox.put_nowait(item)  # whoever reads again is told again
                raise item
            case _:
                pass  # a type of push this SDK does not know

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="talktalk-stream")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask_for_heads(self) -> None:
        with contextlib.suppress(LinkLost):  # then the next welcome tells them
            await self._link.tell("beat", Beat())

    async def _fetch(self, fetch: Fetch) -> None:
        try:
            item: _Item = _Page(fetch, await self._page(fetch))
        except (NotFound, Forbidden):
            item = _Unanswered(fetch, fetch.room_id is not None)
        except LinkLost:
            item = _Unanswered(fetch, False)
        except (ApiError, ProtocolError) as error:
            after_s = error.retry_after_s if isinstance(error, ApiError) else None
            await asyncio.sleep(max(after_s or 0, self._backoff.pause_s()))
            item = _Unanswered(fetch, False)
        self._inbox.put_nowait(item)

    async def _page(self, fetch: Fetch) -> RoomPage | UserEvents:
        if fetch.room_id is not None:
            ask = RoomFetch(room_id=fetch.room_id, after=fetch.after, limit=EVENTS_PAGE_MAX)
            return frames.read_room_page((await self._link.ask("room.fetch", ask)).d)
        frame = await self._link.ask("user.fetch", UserFetch(after=fetch.after, limit=EVENTS_PAGE_MAX))
        return frames.decode(frame, UserEvents)


def _copy(position: Position) -> Position:
    return Position(user_seq=position.user_seq, rooms=dict(position.rooms))
