"""Every operation of the OpenAPI document, asked with generated input, signed in and signed out, over
all real parts: database, worker and ledger.

No answer is a 5xx, every status and media type is documented, and every body has the shape that the
document promises. Valid and invalid input is derived from the document by schemathesis, from a fixed
seed. Ids of things that exist are put in for half of the generated ones.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fixtures_app import RunningApp
from tests.transfers.world import World

pytestmark = [
    pytest.mark.integration,
    # The server lives in this process and draws random numbers while a strategy runs.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module"),
]

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
ENDS_THE_SESSION = {("DELETE", "/api/v1/auth/sessions/current")}


class Fuzz:
    """Asks one server."""

    def __init__(self, url: str, headers: Mapping[str, str], ids: Mapping[str, list[str]]) -> None:
        self._http = httpx.Client(base_url=url, headers=headers, timeout=20)
        self._schema = schemathesis.openapi.from_dict(self._http.get("/openapi.json").json())
        self._ids = {name: itertools.cycle([None, *values]) for name, values in ids.items()}
        self.statuses: dict[int, int] = {}

    def close(self) -> None:
        """Give connections back."""
        self._http.close()

    def run(self, mode: GenerationMode, examples: int) -> None:
        """So many examples of every operation."""
        for result in self._schema.get_all_operations():
            assert isinstance(result, Ok), result
            operation = result.ok()
            if (operation.method.upper(), operation.path) in ENDS_THE_SESSION:
                continue
            with contextlib.suppress(Unsatisfiable):  # an operation without input has nothing to get wrong
                self._ask(operation.as_strategy(generation_mode=mode), examples)

    def _ask(self, strategy: Any, examples: int) -> None:
        @given(case=strategy)
        @settings(
            max_examples=examples,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: "Case[Any]") -> None:
            self._put_ids(case)
            self._check(case)

        ask()

    def _put_ids(self, case: "Case[Any]") -> None:
        for name in list(case.path_parameters or {}):
            known = next(self._ids[name]) if name in self._ids else None
            if known is not None:
                case.path_parameters[name] = known
        if isinstance(case.body, dict):
            for name in list(case.body):
                known = next(self._ids[name]) if name in self._ids else None
                if known is not None and isinstance(case.body[name], str):
                    case.body[name] = known

    def _check(self, case: "Case[Any]") -> None:
        asked = case.as_transport_kwargs(base_url=str(self._http.base_url))
        answer = self._http.request(
            asked["method"],
            asked["url"],
            params=asked.get("params"),
            headers=_sendable(asked.get("headers") or {}),
            json=asked.get("json"),
            content=asked.get("data") if isinstance(asked.get("data"), bytes | str) else None,
        )
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
        told = (
            f"{case.method} {asked['url']} {asked.get('json')!r} -> {answer.status_code} {answer.text[:500]}"
        )
        assert answer.status_code < 500, told
        case.validate_response(answer, checks=CHECKS)


def _sendable(headers: Mapping[str, str]) -> dict[str, str]:
    """What a client can put on the wire, without credentials made up from the document."""
    return {
        name: value
        for name, value in headers.items()
        if name.lower() not in {"authorization", "cookie"}
        and value.isascii()
        and value.isprintable()
        and value == value.strip()
    }


async def test_generated_input_finds_no_5xx_and_no_undocumented_answer(
    running_apps: Callable[..., RunningApp], tmp_path: Path
) -> None:
    async with World(running_apps, tmp_path, webhook_private_targets=True) as world:
        mina, jun = await world.person("Mina"), await world.person("Jun", pin=False)
        room = await mina.post("/rooms/direct", {"user_id": str(jun.id)})
        transfer = await mina.draft(jun, "1")
        nobody = {"url": "http://127.0.0.1:9/", "event_types": ["transfer.*"]}
        webhook = (await mina.post("/webhooks", nobody, 201))["webhook"]
        delivery = await mina.post(f"/webhooks/{webhook['id']}/test", status=202)
        ids = {
            "webhook_id": [webhook["id"]],
            "delivery_id": [delivery["id"]],
            "user_id": [str(jun.id), str(mina.id)],
            "room_id": [room["id"]],
            "transfer_id": [transfer["id"]],
            "phone": [jun.phone],
        }
        signed_in = Fuzz(world.app.url, {"Authorization": mina.client.headers["Authorization"]}, ids)
        signed_out = Fuzz(world.app.url, {}, ids)
        try:
            await asyncio.to_thread(signed_in.run, GenerationMode.POSITIVE, 5)
            await asyncio.to_thread(signed_in.run, GenerationMode.NEGATIVE, 3)
            await asyncio.to_thread(signed_out.run, GenerationMode.POSITIVE, 1)
        finally:
            signed_in.close()
            signed_out.close()
        # It went deep: some of what was made up was accepted, and signed out next to nothing was.
        assert signed_in.statuses.get(200, 0) > 40, signed_in.statuses
        assert signed_out.statuses.get(401, 0) > 30, signed_out.statuses
        assert (await mina.get("/me"))["id"] == str(mina.id)
