"""`./talktalk bench chat [--quick]`: what a room's fan-out and a conversation cost.

Web process and database share one core, the load generator has another. Every message is committed to
disk before its ack. Measured in one run:

- *fan-out*: a room of 100, 10 senders with 32 messages of 200 bytes in flight each
- *raw loop*: the same load on a server that only passes messages on (`lib.raw_loop`)
- *ping-pong*: 50 pairs, one message in flight each, at full load and at half of it
- *idle*: memory of 2,000 connected clients
- *reconnect*: 1,000 clients cut off and back at once, each with messages to catch up on
- *history*: the newest 1,000 messages of a room, in pages

Every delivery is verified: each client must get each position once, in order, and the archive must
hold what was acknowledged. The table goes to the terminal, the numbers to `bench/results/chat.json`.
"""

import argparse
import json
import os
import platform
import resource
import socket
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from rich.console import Console
from rich.table import Table

from bench.lib.client import Client, Crowd, frame, frames_in
from bench.lib.cores import cores, cpu_s, memory_kb, pinned
from bench.lib.site import ROOT, Site, site

WS: Final = "/api/v1/ws"
MEMBERS: Final = 100
SENDERS: Final = 10
IN_FLIGHT: Final = 32
BODY: Final = "x" * 188
"""With the 12 characters of a number in front: 200 bytes."""
PAIRS: Final = 50
STALL_S: Final = 20.0

Figures = dict[str, Any]


class Lost(Exception):
    """A delivery is missing, doubled or out of order."""


def welcome(crowd: Crowd, clients: Sequence[Client]) -> None:
    """Connect everybody, say hello, and wait until all are welcomed."""
    welcomed = 0

    def on_frame(payload: bytes) -> None:
        nonlocal welcomed
        if payload.startswith(b'{"t":"welcome"'):
            welcomed += 1

    for start in range(0, len(clients), 100):
        some = clients[start : start + 100]
        for client in some:
            client.on_frame = on_frame
            client.first = frame(b'{"t":"hello","id":"h","d":{}}')
        crowd.connect(some)
        goal = start + len(some)
        wait_for(crowd, lambda: welcomed, goal)


def wait(crowd: Crowd, done: Callable[[], bool]) -> None:
    """Turn until `done`; gives up when nothing has come for long."""
    last = time.monotonic()
    while not done():
        if crowd.turn(0.2):
            last = time.monotonic()
        elif time.monotonic() - last > STALL_S:
            raise Lost("nothing comes any more")


def wait_for(crowd: Crowd, count: Callable[[], int], goal: int) -> None:
    """Turn until a count has come to its goal."""
    wait(crowd, lambda: count() >= goal)


def percentile(values: Sequence[float], share: float) -> float:
    """A percentile in milliseconds."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 2) if ordered else 0.0


class FanOut:
    """The load of one room, and the proof that everybody got the same.

    All listeners get the same bytes. The longest stream seen is read frame by frame; every other client's
    bytes are compared with it, which costs the generator next to nothing.
    """

    def __init__(
        self, crowd: Crowd, clients: Sequence[Client], message: Callable[[int], bytes], is_acked: bool
    ) -> None:
        self.sent_at: list[float] = []
        self.latencies: list[float] = []
        self.delivered = 0
        self._crowd = crowd
        self._message = message
        self._is_acked = is_acked
        self._stream = bytearray()
        self._read = 0
        self._ends: list[int] = []
        self._order: list[int] = []
        self._stop_at = 0.0
        self._acked = 0
        self._senders = clients[:SENDERS]
        self._listeners = clients[SENDERS:]
        self._seen = [0] * len(clients)
        for number, client in enumerate(self._listeners):
            client.on_raw = self._listener(number)
        for number, client in enumerate(self._senders):
            client.on_frame = self._sender(client, number)

    def run(self, seconds: float) -> float:
        """Keep the senders busy for so long and wait for the last delivery; answers the time taken."""
        started = time.perf_counter()
        self._stop_at = started + seconds
        for client in self._senders:
            client.send(b"".join(self._next() for _ in range(IN_FLIGHT)))
        wait(self._crowd, self._is_done)
        took = time.perf_counter() - started
        self.delivered = sum(self._seen)
        self._verify()
        return took

    def _next(self) -> bytes:
        self.sent_at.append(time.perf_counter())
        return self._message(len(self.sent_at) - 1)

    def _listener(self, number: int) -> Callable[[bytes], None]:
        offset = 0

        def on_raw(data: bytes) -> None:
            nonlocal offset
            stream = self._stream
            known = min(len(stream) - offset, len(data))
            if stream[offset : offset + known] != data[:known]:
                raise Lost("two clients were sent different things")
            if known < len(data):
                stream += data[known:]
                self._extend()
            offset += len(data)
            seen = bisect_right(self._ends, offset)
            if seen > self._seen[SENDERS + number]:
                self._seen[SENDERS + number] = seen
                self.latencies.append(time.perf_counter() - self.sent_at[self._order[seen - 1]])

        return on_raw

    def _sender(self, client: Client, number: int) -> Callable[[bytes], None]:
        def on_frame(payload: bytes) -> None:
            if self._is_acked and payload.startswith(b'{"t":"message.ack"'):
                self._acked += 1
                mine = True
            elif b'"body":"' in payload:
                self._seen[number] += 1
                # Without acks the sender's own echo lets it go on.
                mine = not self._is_acked and self._number(payload) in own
            else:
                raise Lost(payload[:300].decode())
            if mine and time.perf_counter() < self._stop_at:
                own.add(len(self.sent_at))
                client.send(self._next())

        own = set(range(number * IN_FLIGHT, (number + 1) * IN_FLIGHT))
        return on_frame

    def _extend(self) -> None:
        for start, stop in frames_in(self._stream, self._read):
            self._order.append(self._number(self._stream[start:stop]))
            self._ends.append(stop)
            self._read = stop

    @staticmethod
    def _number(payload: bytes | bytearray) -> int:
        at = payload.index(b'"body":"') + 8
        return int(payload[at : at + 12])

    def _is_done(self) -> bool:
        goal = len(self.sent_at)
        return time.perf_counter() >= self._stop_at and min(self._seen) >= goal == (
            self._acked if self._is_acked else goal
        )

    def _verify(self) -> None:
        count = len(self.sent_at)
        if sorted(self._order) != list(range(count)) or set(self._seen) != {count}:
            raise Lost(f"{count} sent, {sorted(set(self._seen))} seen")
        if self._is_acked:
            seqs = [_seq(self._stream[start:stop]) for start, stop in frames_in(self._stream)]
            if seqs != list(range(seqs[0], seqs[0] + count)):
                raise Lost("positions with gaps or repeats")


def _seq(payload: bytes | bytearray) -> int:
    at = payload.index(b'"seq":') + 6
    return int(payload[at : payload.index(b",", at)])


def fan_out(here: Site, seconds: float) -> Figures:
    """The 100-member room."""
    people = here.people(MEMBERS)
    room_id = here.group([user_id for user_id, _ in people])
    crowd = Crowd("127.0.0.1", here.port, WS)
    clients = [Client(token) for _, token in people]
    welcome(crowd, clients)
    load = FanOut(crowd, clients, lambda number: _message(room_id, number), is_acked=True)
    load_warm_s = 0.5
    load.run(load_warm_s)
    crowd.drop(clients)

    people = here.people(MEMBERS)
    room_id = here.group([user_id for user_id, _ in people])
    clients = [Client(token) for _, token in people]
    welcome(crowd, clients)
    load = FanOut(crowd, clients, lambda number: _message(room_id, number), is_acked=True)
    before = cpu_s(here.pids)
    took = load.run(seconds)
    used = cpu_s(here.pids) - before
    stored, is_whole = here.stored([room_id])
    if stored != len(load.sent_at) or not is_whole:
        raise Lost(f"{len(load.sent_at)} acknowledged, {stored} in the archive")
    crowd.drop(clients)
    return _load_figures(load, took, used) | {"messages": stored, "messages_per_s": round(stored / took)}


def raw_loop(seconds: float) -> Figures:
    """The same load on the yardstick."""
    server_cores, _ = cores()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    with pinned(server_cores):
        server = subprocess.Popen([sys.executable, "-m", "bench.lib.raw_loop", str(port)], env=environment)
    try:
        crowd = Crowd("127.0.0.1", port, "/")
        clients = [Client("") for _ in range(MEMBERS)]
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        crowd.connect(clients)
        wait(crowd, lambda: all(client.opened for client in clients))
        room_id = UUID(int=0)
        load = FanOut(crowd, clients, lambda number: _message(room_id, number), is_acked=False)
        before = cpu_s([server.pid])
        took = load.run(seconds)
        return _load_figures(load, took, cpu_s([server.pid]) - before)
    finally:
        server.kill()
        server.wait()


def _load_figures(load: FanOut, took: float, used: float) -> Figures:
    return {
        "deliveries": load.delivered,
        "deliveries_per_s": round(load.delivered / took),
        "cpu_s_per_1000": round(used / load.delivered * 1000, 5),
        "p50_ms": percentile(load.latencies, 0.50),
        "p99_ms": percentile(load.latencies, 0.99),
        "lost_or_doubled": 0,
    }


def _message(room_id: UUID, number: int) -> bytes:
    client_id = f"{room_id.hex}-{number}"
    return frame(
        f'{{"t":"message.send","id":"1","d":{{"client_id":"{client_id}","room_id":"{room_id}",'
        f'"body":"{number:012}{BODY}"}}}}'.encode()
    )


class PingPong:
    """Pairs that answer each other's messages, each with one message in flight."""

    def __init__(self, crowd: Crowd, clients: Sequence[Client], room_ids: Sequence[UUID]) -> None:
        self.latencies: list[float] = []
        self.count = 0
        self._crowd = crowd
        self._clients = clients
        self._rooms = room_ids
        self._sent_at = [0.0] * len(room_ids)
        self._seqs = [0] * len(clients)
        self._flying = [False] * len(room_ids)
        self._due: list[float] = []
        self._stop_at = 0.0
        self._pause_s = 0.0
        for number, client in enumerate(clients):
            client.on_frame = self._on_frame(number)

    def run(self, seconds: float, rate: float | None) -> float:
        """Play for so long; with a rate, that many messages a second over all pairs."""
        self.latencies, self.count = [], 0
        self._pause_s = len(self._rooms) / rate if rate else 0.0
        started = time.perf_counter()
        self._stop_at = started + seconds
        self._due = [started + pair * self._pause_s / len(self._rooms) for pair in range(len(self._rooms))]
        while time.perf_counter() < self._stop_at or any(self._flying):
            now = time.perf_counter()
            if now - self._stop_at > STALL_S:
                raise Lost("nothing comes any more")
            if now < self._stop_at:
                for pair, due in enumerate(self._due):
                    if due <= now and not self._flying[pair]:
                        self._send(pair, now)
            self._crowd.turn(0.0005 if rate else 0.05)
        return time.perf_counter() - started

    def _send(self, pair: int, now: float) -> None:
        turn = 2 * pair + self._seqs[2 * pair] % 2
        self._flying[pair] = True
        self._sent_at[pair] = now
        self._clients[turn].send(_message(self._rooms[pair], self._seqs[2 * pair]))

    def _on_frame(self, number: int) -> Callable[[bytes], None]:
        pair, side = divmod(number, 2)

        def on_frame(payload: bytes) -> None:
            if payload.startswith(b'{"t":"room.event"'):
                seq = _seq(payload)
                if seq != self._seqs[number] + 1:
                    raise Lost(f"{seq} after {self._seqs[number]}")
                self._seqs[number] = seq
                if min(self._seqs[2 * pair], self._seqs[2 * pair + 1]) < seq:
                    return
                # Both have it: the later of the two is the one who is to answer, or its partner's echo.
                now = time.perf_counter()
                self.latencies.append(now - self._sent_at[pair])
                self.count += 1
                self._flying[pair] = False
                self._due[pair] = max(self._due[pair] + self._pause_s, now) if self._pause_s else now
                if not self._pause_s and now < self._stop_at:
                    self._send(pair, now)
            elif not payload.startswith(b'{"t":"message.ack"'):
                raise Lost(payload[:300].decode())

        del side
        return on_frame


def ping_pong(here: Site, seconds: float) -> Figures:
    """50 pairs, full load and half."""
    people = here.people(2 * PAIRS)
    room_ids = here.pairs([user_id for user_id, _ in people])
    crowd = Crowd("127.0.0.1", here.port, WS)
    clients = [Client(token) for _, token in people]
    welcome(crowd, clients)
    play = PingPong(crowd, clients, room_ids)
    play.run(0.5, None)
    total = play.count
    before = cpu_s(here.pids)
    took = play.run(seconds, None)
    used = cpu_s(here.pids) - before
    full, full_latencies = play.count, play.latencies
    total += full
    rate = full / took
    before = cpu_s(here.pids)
    half_took = play.run(seconds, rate / 2)
    half_used = cpu_s(here.pids) - before
    total += play.count
    stored, is_whole = here.stored(room_ids)
    if stored != total or not is_whole:
        raise Lost(f"{total} acknowledged, {stored} in the archive")
    crowd.drop(clients)
    return {
        "messages_per_s": round(rate),
        "cpu_s_per_1000": round(used / full * 1000, 4),
        "p50_ms": percentile(full_latencies, 0.50),
        "p99_ms": percentile(full_latencies, 0.99),
        "half_messages_per_s": round(play.count / half_took),
        "half_cpu_s_per_1000": round(half_used / play.count * 1000, 4),
        "half_p50_ms": percentile(play.latencies, 0.50),
        "half_p99_ms": percentile(play.latencies, 0.99),
        "lost_or_doubled": 0,
    }


def idle_and_reconnect(here: Site, idle: int, returning: int) -> Figures:
    """Memory of clients that do nothing; then many come back at once."""
    people = here.people(idle)
    room_ids = here.pairs([user_id for user_id, _ in people])
    crowd = Crowd("127.0.0.1", here.port, WS)
    clients = [Client(token) for _, token in people]
    empty_kb = memory_kb(here.web_pid)
    welcome(crowd, clients)
    _quiet(crowd)
    full_kb = memory_kb(here.web_pid)

    back = clients[:returning]
    crowd.drop(back)
    missed = 5
    writers = clients[-2:]
    room_id = here.group([user_id for user_id, _ in people[:returning]] + [people[-1][0]])
    del writers
    sender = clients[-1]
    for number in range(missed):
        sender.send(_message(room_id, number))
    wait(crowd, lambda: here.stored([room_id])[0] == missed)

    ready = 0
    started = time.perf_counter()
    before = cpu_s(here.pids)

    def returned(client: Client) -> Callable[[bytes], None]:
        seen = 0

        def on_frame(payload: bytes) -> None:
            nonlocal seen, ready
            if payload.startswith(b'{"t":"room.event"'):
                seen += 1
                if _seq(payload) != seen:
                    raise Lost("a replay out of order")
                ready += seen == missed

        return on_frame

    for number, client in enumerate(back):
        client.on_frame = returned(client)
        own = room_ids[number // 2]
        position = f'{{"user_seq":0,"rooms":{{"{own}":0,"{room_id}":0}}}}'
        client.first = frame(f'{{"t":"hello","id":"h","d":{{"position":{position}}}}}'.encode())
        crowd.connect([client])
    wait(crowd, lambda: ready == returning)
    took = time.perf_counter() - started
    used = cpu_s(here.pids) - before
    crowd.drop(clients)
    return {
        "idle_clients": idle,
        "web_empty_mb": round(empty_kb / 1024, 1),
        "kb_per_client": round((full_kb - empty_kb) / idle, 1),
        "reconnected": returning,
        "reconnect_all_s": round(took, 2),
        "reconnect_cpu_s": round(used, 2),
    }


def _quiet(crowd: Crowd) -> None:
    while crowd.turn(0.3):
        pass


def history(here: Site, rounds: int) -> Figures:
    """The newest 1,000 messages, five pages of 200 over the socket."""
    people = here.people(2)
    (room_id,) = here.pairs([user_id for user_id, _ in people])
    crowd = Crowd("127.0.0.1", here.port, WS)
    client = Client(people[0][1])
    welcome(crowd, [client])
    acked = 0
    begins: list[int] = []

    def on_frame(payload: bytes) -> None:
        nonlocal acked
        if payload.startswith(b'{"t":"message.ack"'):
            acked += 1
        elif payload.startswith(b'{"t":"room.events"'):
            begins.append(_seq(payload))
        elif payload.startswith(b'{"t":"error"'):
            raise Lost(payload.decode())

    client.on_frame = on_frame
    for number in range(1000):
        client.send(_message(room_id, number))
        if number % 100 == 99:
            wait_for(crowd, lambda: acked, number + 1)
    before = cpu_s(here.pids)
    started = time.perf_counter()
    for _ in range(rounds):
        begins.clear()
        for page in range(5):
            where = f',"before":{begins[-1]}' if page else ""
            client.send(
                frame(
                    f'{{"t":"room.fetch","id":"1","d":{{"room_id":"{room_id}","limit":200{where}}}}}'.encode()
                )
            )
            wait_for(crowd, lambda: len(begins), page + 1)
        if begins[-1] != 1:
            raise Lost(f"the last page begins at {begins[-1]}")
    took = time.perf_counter() - started
    used = cpu_s(here.pids) - before
    crowd.drop([client])
    return {"cpu_ms_per_1000": round(used / rounds * 1000, 1), "ms_per_1000": round(took / rounds * 1000, 1)}


def table(figures: Figures) -> Table:
    """The figures for people."""
    shown = Table(title="bench chat: web process and database on one core, clients on another")
    for column in ("what", "measured", "aim"):
        shown.add_column(column)
    fan, raw, ping = figures["fan_out"], figures["raw_loop"], figures["ping_pong"]
    idle, past = figures["idle"], figures["history"]
    rows = (
        ("fan-out, deliveries/s", f"{fan['deliveries_per_s']:,}", "≥ 80,000"),
        ("  of the raw loop's", f"{figures['fan_out_of_raw']:.2f}", "≥ 0.5"),
        ("  CPU s per 1,000", f"{fan['cpu_s_per_1000']:.4f}", "≤ 0.012"),
        ("  p50 / p99, ms", f"{fan['p50_ms']} / {fan['p99_ms']}", ""),
        ("  lost, doubled, not in the archive", str(fan["lost_or_doubled"]), "0"),
        ("raw loop, deliveries/s", f"{raw['deliveries_per_s']:,}", ""),
        ("  CPU s per 1,000", f"{raw['cpu_s_per_1000']:.4f}", ""),
        ("ping-pong, messages/s", f"{ping['messages_per_s']:,}", "≥ 8,000"),
        ("  CPU s per 1,000", f"{ping['cpu_s_per_1000']:.3f}", "≤ 0.12"),
        ("  p50 / p99, ms", f"{ping['p50_ms']} / {ping['p99_ms']}", ""),
        ("  at half load, messages/s", f"{ping['half_messages_per_s']:,}", ""),
        ("  p50 / p99, ms", f"{ping['half_p50_ms']} / {ping['half_p99_ms']}", "p99 < 25"),
        (f"{idle['idle_clients']:,} idle clients, kB each", f"{idle['kb_per_client']}", "≤ 40"),
        ("web process alone, MB", f"{idle['web_empty_mb']}", "< 160"),
        (f"{idle['reconnected']:,} back at once, s", f"{idle['reconnect_all_s']}", "≤ 5"),
        ("newest 1,000 messages, ms of CPU", f"{past['cpu_ms_per_1000']}", "≤ 20"),
    )
    for row in rows:
        shown.add_row(*row)
    return shown


def main() -> None:
    """Measure, verify, print."""
    parser = argparse.ArgumentParser(prog="./talktalk bench chat")
    parser.add_argument("--quick", action="store_true", help="a few seconds instead of a minute")
    parser.add_argument("--only", help="one part: fan_out, raw_loop, ping_pong, idle, history")
    arguments = parser.parse_args()
    seconds = 3.0 if arguments.quick else 10.0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 16_384), hard), hard))
    _, client_cores = cores()
    figures: Figures = {"cores": os.cpu_count(), "python": platform.python_version(), "seconds": seconds}
    with site() as here:
        os.sched_setaffinity(0, client_cores)
        parts: dict[str, Callable[[], Figures]] = {
            "idle": lambda: idle_and_reconnect(here, *((400, 200) if arguments.quick else (2_000, 1_000))),
            "fan_out": lambda: fan_out(here, seconds),
            "raw_loop": lambda: raw_loop(seconds),
            "ping_pong": lambda: ping_pong(here, seconds),
            "history": lambda: history(here, 5 if arguments.quick else 20),
        }
        for name, part in parts.items():
            if arguments.only in (None, name):
                figures[name] = part()
                print(name, json.dumps(figures[name]), file=sys.stderr)
    if arguments.only:
        return
    figures["fan_out_of_raw"] = round(
        figures["fan_out"]["deliveries_per_s"] / figures["raw_loop"]["deliveries_per_s"], 3
    )
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "chat.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    Console().print(table(figures))


if __name__ == "__main__":
    main()
