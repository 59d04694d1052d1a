"""An event loop without a clock: time jumps to the next timer when nobody has anything to do.

Which process goes first among those that are ready is the seed's choice; within a process callbacks keep
their order, as `asyncio` promises. Work handed to threads is done at once. Nothing here reads the machine's
clock, so a run is the same every time.

A process may carry a fuse: after so many steps it is killed, wherever it then is.
"""

import asyncio
import heapq
import sys
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar, cast

T = TypeVar("T")
EPOCH = datetime(2026, 11, 1, tzinfo=UTC)
"""When every run begins."""


class Process:
    """Something that can die: its tasks, and whether it lives."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.fuse = 0
        """Steps until it dies; 0 for one that does not."""
        self.on_fuse: Callable[[], None] = lambda: None
        self.tasks: dict[asyncio.Task[Any], None] = {}

    def note(self, task: asyncio.Task[Any]) -> None:
        """Remember a task, and forget those that have ended now and then."""
        self.tasks[task] = None
        if len(self.tasks) > 200:
            self.tasks = {each: None for each in self.tasks if not each.done()}

    def die(self) -> None:
        """End every task; what it still tries to do outside is refused by whoever is asked."""
        self.alive = False
        for task in list(self.tasks):
            task.cancel()


PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class Stuck(BaseException):
    """Nobody has anything to do any more, and the main task has not ended; or the run is far too long."""


class VirtualLoop:
    """The loop of one run: as much of `asyncio.AbstractEventLoop` as is used without sockets and threads."""

    def __init__(self, chance: Random, *, steps_max: int = 3_000_000) -> None:
        self._chance = chance
        self._itself = cast("asyncio.AbstractEventLoop", self)
        self._now = 0.0
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._count = 0
        self._steps_left = steps_max
        self._closed = False
        self._running = False
        self.troubles: list[dict[str, Any]] = []
        """What nobody caught."""

    # --- what asyncio asks of a loop ---

    def time(self) -> float:
        """Seconds since the run began."""
        return self._now

    def get_debug(self) -> bool:
        """Never."""
        return False

    def set_debug(self, enabled: bool) -> None:
        """Nothing to set."""

    def is_running(self) -> bool:
        """Whether a run is under way."""
        return self._running

    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """In the next round."""
        handle = asyncio.Handle(callback, args, self._itself, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """After so many seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """At a time."""
        handle = asyncio.TimerHandle(when, callback, args, self._itself, context)
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed over when its time comes."""

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self._itself)

    def create_task(
        self,
        coro: Any,
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[Any]:
        """A task of whoever makes it."""
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self._itself, name=name, context=context)
        process = context[PROCESS] if context is not None and PROCESS in context else PROCESS.get()
        if process is not None:
            process.note(task)
            if not process.alive:
                task.cancel()
        return task

    def run_in_executor(self, executor: object, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """Done now, told a little later."""
        future: asyncio.Future[T] = self.create_future()
        try:
            result = func(*args)
        except Exception as error:  # noqa: BLE001 - handed on, as a thread's would be
            self.call_later(0.001, _give, future.set_exception, future, error)
        else:
            self.call_later(0.001, _give, future.set_result, future, result)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep it for whoever reads the run."""
        self.troubles.append(context)

    default_exception_handler = call_exception_handler

    async def shutdown_asyncgens(self) -> None:
        """They end with their tasks."""

    def close(self) -> None:
        """No more."""
        self._closed = True
        self._ready.clear()
        self._timers.clear()

    # --- running ---

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run until the main task has ended.

        Raises:
            Stuck: It never will.
        """
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(finalizer=self._finalize)
        events._set_running_loop(self._itself)
        self._running = True
        try:
            task: asyncio.Task[T] = self.create_task(main)
            while not task.done():
                self._round()
            return task.result()
        finally:
            self._running = False
            events._set_running_loop(None)
            sys.set_asyncgen_hooks(*hooks)

    def _finalize(self, generator: Any) -> None:
        if not self._closed:
            self.create_task(generator.aclose())

    def _round(self) -> None:
        timers, ready = self._timers, self._ready
        if not ready:
            while timers and timers[0][2].cancelled():
                heapq.heappop(timers)
            if not timers:
                raise Stuck("nobody has anything to do")
            self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            timer = heapq.heappop(timers)[2]
            if not timer.cancelled():
                ready.append(timer)
        batch = list(ready)
        ready.clear()
        if len(batch) > 1:
            batch = self._mixed(batch)
        self._steps_left -= len(batch)
        if self._steps_left < 0:
            raise Stuck("far too many steps")
        for handle in batch:
            if handle.cancelled():
                continue
            process = _process_of(handle)
            if process is not None and process.fuse:
                process.fuse -= 1
                if not process.fuse:
                    process.on_fuse()
            handle._run()

    def _mixed(self, batch: list[asyncio.Handle]) -> list[asyncio.Handle]:
        """Processes in the order of the seed; each one's callbacks in their own."""
        order: dict[Process | None, float] = {}
        keys = []
        for handle in batch:
            process = _process_of(handle)
            key = order.get(process)
            if key is None:
                key = order[process] = self._chance.random()
            keys.append(key)
        if len(order) == 1:
            return batch
        return [handle for _, _, handle in sorted(zip(keys, range(len(batch)), batch, strict=True))]


def _give(setting: Callable[[Any], None], future: asyncio.Future[Any], value: object) -> None:
    if not future.done():
        setting(value)


def _process_of(handle: asyncio.Handle) -> Process | None:
    context: Context = handle._context  # type: ignore[attr-defined]  # every handle has one
    return context.get(PROCESS)


class VirtualClock:
    """The wall clock of a run."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        """The time, in UTC."""
        return EPOCH + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        """Seconds since the run began."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Let virtual time pass."""
        await asyncio.sleep(seconds)
