"""The web process is killed after the commit and before the answer: the client knows nothing, asks again with
its key, and gets the answer it missed. Nothing is done twice, nothing is forgotten."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from talktalk.platform.idempotency import REPLAY_HEADER
from tests.fixtures_app import become_friends, sign_in
from tests.simulation.house import House

pytestmark = [pytest.mark.integration, pytest.mark.simulation, pytest.mark.timeout(300)]


class DyingHouse(House):
    """A house whose web process dies when it is told to."""

    @property
    def marker(self) -> Path:
        """Holds the request whose answer is to be lost."""
        return self.folder / "die"

    def _command(self, name: str) -> list[str]:
        if name != "web":
            return super()._command(name)
        return ["tests.simulation.dying_web", str(self.marker)]

    async def loses_the_answer(
        self, client: httpx.AsyncClient, method: str, path: str, **options: Any
    ) -> None:
        """Ask; the answer never comes, because the process has died. Then another is started."""
        self.marker.write_text(f"{method} {path}")
        with pytest.raises(httpx.TransportError):
            pytest.fail((await client.request(method, path, **options)).text)
        assert not self.marker.exists(), "it died at the moment that was meant"
        assert self._children["web"].wait(20) == -9
        self.start("web")
        await self.ready()


def test_an_answer_that_was_lost_is_given_again() -> None:
    with DyingHouse(close_interval_s=0.5) as house:
        asyncio.run(_lose(house))


async def _lose(house: DyingHouse) -> None:
    await house.ready()
    async with (
        httpx.AsyncClient(base_url=house.url, timeout=20, trust_env=False) as mina,
        httpx.AsyncClient(base_url=house.url, timeout=20, trust_env=False) as jun,
    ):
        await sign_in(mina, "+821077000001", name="Mina")
        jun_id = (await sign_in(jun, "+821077000002", name="Jun")).me.id
        for client in (mina, jun):
            async with asyncio.timeout(60):
                while True:
                    if (await client.get("/api/v1/wallet")).json()["state"] == "ready":
                        break
                    await asyncio.sleep(0.1)
        await become_friends(mina, jun, jun_id)
        await _lose_a_transfer(house, mina, str(jun_id))
        await _lose_a_request(house, mina, str(jun_id))
        await _lose_an_ordinary_write(house, mina)


async def _lose_a_transfer(house: DyingHouse, mina: httpx.AsyncClient, jun_id: str) -> None:
    path, keyed = "/api/v1/transfers", {"Idempotency-Key": "rent-november"}
    accepted = ["new_payee", "not_a_friend", "large_share"]
    intent = {"amount": {"value": "3"}, "user_id": jun_id, "accepted_warnings": accepted}
    await house.loses_the_answer(mina, "POST", path, json=intent, headers=keyed)
    (kept,) = (await mina.get(path)).json()["items"]
    for _ in range(2):
        again = await mina.post(path, json=intent, headers=keyed)
        assert (again.status_code, again.headers[REPLAY_HEADER]) == (201, "true")
        assert again.json()["id"] == kept["id"]
    other = await mina.post(path, json={**intent, "amount": {"value": "4"}}, headers=keyed)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert len((await mina.get(path)).json()["items"]) == 1


async def _lose_a_request(house: DyingHouse, mina: httpx.AsyncClient, jun_id: str) -> None:
    path, keyed = "/api/v1/requests", {"Idempotency-Key": "dinner"}
    ask = {"people": [{"user_id": jun_id}], "total": "5"}
    await house.loses_the_answer(mina, "POST", path, json=ask, headers=keyed)
    again = await mina.post(path, json=ask, headers=keyed)
    assert (again.status_code, again.headers[REPLAY_HEADER]) == (201, "true")
    assert [each["id"] for each in (await mina.get(path)).json()["items"]] == [again.json()["id"]]


async def _lose_an_ordinary_write(house: DyingHouse, mina: httpx.AsyncClient) -> None:
    path, keyed = "/api/v1/me", {"Idempotency-Key": "new-name"}
    await house.loses_the_answer(mina, "PATCH", path, json={"name": "Minah"}, headers=keyed)
    assert (await mina.get(path)).json()["name"] == "Minah"
    await mina.patch(path, json={"name": "Mina again"})
    again = await mina.patch(path, json={"name": "Minah"}, headers=keyed)
    assert (again.status_code, again.headers[REPLAY_HEADER], again.json()["name"]) == (200, "true", "Minah")
    assert (await mina.get(path)).json()["name"] == "Mina again", "the repetition changed nothing"
