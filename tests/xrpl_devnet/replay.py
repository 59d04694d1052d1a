"""Replaying a recording of a real node against the embedded one, step by step.

The embedded node gets the recorded amendments, fees and close times, so that every recorded blob
can be sent as it stands and transaction hashes come out equal. What a recording cannot fix
(uptime, host names, load) is not compared; what later releases changed without an amendment is
listed in `tests/vectors/differences.toml`.
"""

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from websockets.asyncio.client import ClientConnection, connect

from xrpl_devnet import Devnet, ManualClock, Settings, amendments
from xrpl_devnet.ledger.views import Fees

VECTORS: Final = Path(__file__).parent.parent / "vectors"
NEVER: Final = frozenset(
    {"time", "uptime", "age", "duration_us", "server_state_duration_us", "pubkey_node", "hostid"}
    | {"load", "io_latency_ms", "random", "build_version", "converge_time", "converge_time_s"}
    | {"initial_sync_duration_us", "transitions"}
)
"""Facts of the recorded machine."""
CHAINED: Final = frozenset({"ledger_hash", "parent_hash", "account_hash", "ledger_data", "close_time_human"})
"""Hashes of the state, in which the recorded server's order of the Amendments entry is hidden."""


@dataclass(frozen=True)
class Differences:
    """What `differences.toml` says."""

    added: frozenset[str]
    removed: list[dict[str, Any]]
    messages: frozenset[str]
    answers: list[dict[str, Any]]
    grown: tuple[str, ...]
    """Ends of paths to objects that hold more today."""
    skipped: frozenset[tuple[str, str]]
    """(scenario, label) of answers that today's servers give wholly otherwise."""

    @classmethod
    def load(cls) -> "Differences":
        """Read the file."""
        data = tomllib.loads((VECTORS / "differences.toml").read_text())
        return cls(
            frozenset(item["field"] for item in data.get("added", [])),
            data.get("removed", []),
            frozenset(item["result"] for item in data.get("message", [])),
            data.get("answer", []),
            tuple(item["within"] for item in data.get("grown", [])),
            frozenset((item["scenario"], item["label"]) for item in data.get("skipped", [])),
        )


@dataclass
class Replay:
    """One scenario being replayed; `problems` collects what differs."""

    name: str
    recording: dict[str, Any]
    differences: Differences
    problems: list[str] = field(default_factory=list)
    more_amendments: frozenset[str] = frozenset()
    """Amendments that are on beside the recorded ones."""
    _sockets: dict[str, ClientConnection] = field(default_factory=dict)
    _method: str = ""
    _markers: dict[str, Any] = field(default_factory=dict)
    """Recorded markers to ours: they are opaque, so that each side continues with its own."""

    # --- comparing ---

    def compare(self, where: str, recorded: Any, ours: Any) -> None:
        """Note every difference between a recorded value and ours."""
        if isinstance(recorded, dict) and isinstance(ours, dict):
            self._compare_objects(where, recorded, ours)
        elif isinstance(recorded, list) and isinstance(ours, list):
            if len(recorded) != len(ours):
                self.problems.append(f"{where}: {len(recorded)} items recorded, {len(ours)} here")
            for index, (one, other) in enumerate(zip(recorded, ours, strict=False)):
                self.compare(f"{where}[{index}]", one, other)
        elif recorded != ours or type(recorded) is not type(ours):
            self.problems.append(f"{where}: recorded {recorded!r}, here {ours!r}")

    def _compare_objects(self, where: str, recorded: dict[str, Any], ours: dict[str, Any]) -> None:
        for name in recorded.keys() | ours.keys():
            here = f"{where}.{name}"
            if name in NEVER or name in CHAINED:
                if (name in recorded) is not (name in ours) and name not in self.differences.added:
                    self.problems.append(f"{here}: only in one of them")
            elif name == "engine_result_message":
                if recorded.get("engine_result") not in self.differences.messages:
                    self.compare(here, recorded.get(name), ours.get(name))
            elif name not in ours:
                if not self._is_removed(where, name, recorded[name]):
                    self.problems.append(f"{here}: recorded {recorded[name]!r}, missing here")
            elif name not in recorded:
                if name not in self.differences.added and not where.endswith(self.differences.grown):
                    self.problems.append(f"{here}: not recorded, here {ours[name]!r}")
            elif name == "hash" and where.endswith(".ledger"):
                continue
            elif name == "marker":
                self._markers[json.dumps(recorded[name])] = ours[name]
            else:
                self.compare(here, recorded[name], ours[name])

    def _is_removed(self, where: str, name: str, value: Any) -> bool:
        return any(
            rule["field"] == name
            and self._method in rule["methods"]
            and where.endswith(rule.get("within", ""))
            and rule.get("value", value) == value
            for rule in self.differences.removed
        )

    def _answer_today(self, step: dict[str, Any]) -> Any:
        for rule in self.differences.answers:
            if rule["scenario"] == self.name and rule["label"] == step.get("label"):
                return json.loads(rule["today"])
        return step.get("response")

    # --- steps ---

    async def run(self) -> None:
        """Replay all steps, then compare the final state."""
        first_close = next(
            step["closed"][0] for step in self.recording["steps"] if step["op"] == "ledger_accept"
        )
        settings = recorded_settings(self.more_amendments)
        clock = ManualClock(first_close["parent_close_time"])
        async with Devnet(manual=True, settings=settings, clock=clock) as net:
            async with httpx.AsyncClient(base_url=net.rpc_url) as client:
                for number, step in enumerate(self.recording["steps"]):
                    where = f"step {number} ({step['op']}, {step.get('label', '')})"
                    await self._step(net, client, where, step)
                await self._expectations(client)
                await self._final_state(client)
            for socket in self._sockets.values():
                await socket.close()

    async def _step(self, net: Devnet, client: httpx.AsyncClient, where: str, step: dict[str, Any]) -> None:
        op = step["op"]
        self._method = _method_of(step)
        if (self.name, step.get("label", "")) in self.differences.skipped:
            return
        if op in ("submit", "fund"):
            answer = await _post(client, step["request"])
            self.compare(where, self._answer_today(step), _result(answer))
        elif op == "ledger_accept":
            await self._accept(client, where, step)
        elif op == "rpc":
            await self._rpc(client, where, step)
        elif op == "ws_open":
            self._sockets[step["conn"]] = await connect(net.ws_url, max_size=None)
        elif op == "ws_send":
            await self._ws_send(where, step)
        else:
            await self._ws_receive(where, step)

    async def _accept(self, client: httpx.AsyncClient, where: str, step: dict[str, Any]) -> None:
        closed = {item["ledger_index"]: item for item in step["closed"]}
        first = min(closed)
        for index in range(first, first + step["count"]):
            recorded = closed.get(index)
            params = {} if recorded is None else {"close_time": recorded["close_time"]}
            answer = await _post(client, {"method": "ledger_accept", "params": [params]})
            if recorded is not None:
                await self._closed(client, f"{where}, ledger {index}", recorded)
        self.compare(where, step["response"], _result(answer))

    async def _closed(self, client: httpx.AsyncClient, where: str, recorded: dict[str, Any]) -> None:
        params = {"ledger_index": recorded["ledger_index"], "transactions": True}
        answer = await _post(client, {"method": "ledger", "params": [params]})
        ledger = _result(answer)["ledger"]
        for name, value in recorded.items():
            ours = int(ledger[name]) if name == "ledger_index" else ledger[name]
            self.compare(f"{where}.{name}", value, ours)

    async def _rpc(self, client: httpx.AsyncClient, where: str, step: dict[str, Any]) -> None:
        request = step["request"]
        raw = request.get("raw") if set(request) == {"raw"} else None
        body = json.dumps(self._with_our_markers(request)) if raw is None else raw
        answer = await client.post("/", content=body, headers={"Content-Type": "application/json"})
        self.compare(f"{where} status", step["http_status"], answer.status_code)
        wanted = self._answer_today(step)
        if isinstance(wanted, dict) and set(wanted) == {"text"}:
            self.compare(where, wanted["text"], answer.text)
        else:
            self.compare(where, wanted, answer.json())

    def _with_our_markers(self, request: Any) -> Any:
        if isinstance(request, list):
            return [self._with_our_markers(item) for item in request]
        if not isinstance(request, dict):
            return request
        return {
            name: self._markers.get(json.dumps(value), value)
            if name == "marker"
            else self._with_our_markers(value)
            for name, value in request.items()
        }

    async def _ws_send(self, where: str, step: dict[str, Any]) -> None:
        socket = self._sockets[step["conn"]]
        request = step["request"]
        if not isinstance(request, str):
            request = json.dumps(self._with_our_markers(request))
        await socket.send(request)
        before: list[Any] = []
        while True:
            message = json.loads(await socket.recv())
            if message.get("type") in ("response", "error"):
                break
            before.append(message)
        self.compare(where, self._answer_today(step), message)
        self.compare(f"{where} before", step.get("messages_before_response", []), before)

    async def _ws_receive(self, where: str, step: dict[str, Any]) -> None:
        socket = self._sockets[step["conn"]]
        await socket.send('{"id": "quiet?", "command": "ping"}')
        messages: list[Any] = []
        while True:
            message = json.loads(await socket.recv())
            if message.get("id") == "quiet?":
                break
            messages.append(message)
        self.compare(where, step["messages"], messages)

    # --- at the end ---

    async def _expectations(self, client: httpx.AsyncClient) -> None:
        """What became of each transaction."""
        for number, step in enumerate(self.recording["steps"]):
            if step["op"] not in ("submit", "fund") or "hash" not in step:
                continue
            where, expect = f"outcome of step {number}", step["expect"]
            params = {"transaction": step["hash"]}
            found = _result(await _post(client, {"method": "tx", "params": [params]}))
            validated = found.get("validated", False)
            self.compare(f"{where}.validated", expect["validated"], validated)
            if expect["validated"] and validated:
                meta = found["meta"]
                self.compare(f"{where}.ledger_index", expect["ledger_index"], found["ledger_index"])
                self.compare(f"{where}.result", expect["final_result"], meta["TransactionResult"])
                self.compare(f"{where}.meta", expect["meta"], meta)

    async def _final_state(self, client: httpx.AsyncClient) -> None:
        """Each account as it stands in the last validated ledger."""
        for name, recorded in self.recording["final_state"].items():
            where = f"final state of {name}"
            address = self.recording["accounts"][name]["address"]
            params = {"account": address, "ledger_index": "validated", "signer_lists": True}
            answer = await _post(client, {"method": "account_info", "params": [params]})
            exists = "account_data" in _result(answer)
            self.compare(f"{where}.exists", recorded["exists"], exists)
            if not (exists and recorded["exists"]):
                continue
            self.compare(where, recorded["account_info"], _result(answer)["account_data"])
            for method, member in (("account_lines", "lines"), ("account_objects", None)):
                if method not in recorded:
                    continue
                query = {"account": address, "ledger_index": "validated"}
                found = _result(await _post(client, {"method": method, "params": [query]}))
                ours = found.get(member or "account_objects")
                self.compare(f"{where}.{method}", recorded[method], ours)


def recorded_settings(more: frozenset[str] = frozenset()) -> Settings:
    """The recorded node's amendments and fees, and further amendments."""
    node = json.loads((VECTORS / "node.json").read_text())
    fees = node["fees"]
    return Settings(
        rules=amendments.parse([*node["amendments_enabled"], *sorted(more)]),
        fees=Fees(fees["base_fee"], fees["reserve_base"], fees["reserve_inc"]),
        report_network_id=False,
        build_version="1.7.0",
    )


def _method_of(step: dict[str, Any]) -> str:
    request = step.get("request", {})
    if not isinstance(request, dict):
        return ""
    name = request.get("command") or request.get("method") or ""
    return name if isinstance(name, str) else ""


async def _post(client: httpx.AsyncClient, request: dict[str, Any]) -> Any:
    answer = await client.post("/", json=request)
    return answer.json() if answer.headers["content-type"].startswith("application/json") else {}


def _result(answer: Any) -> Any:
    return answer.get("result", {})
