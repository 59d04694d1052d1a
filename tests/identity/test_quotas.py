"""Limits of sign-in with the quotas of production: attackers are slowed, nobody is locked out."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import msgspec

from talktalk.identity import quotas
from talktalk.platform.limits import Patience, wait_after
from tests.clocks import TurnedClock
from tests.fixtures_app import RunningApp, ask_code, sign_in
from tests.identity.test_sign_in import PHONE, another_code, answer_to, post_sign_in


def app_with_quotas(
    running_apps: Callable[..., RunningApp], clock: TurnedClock, **changes: object
) -> RunningApp:
    """A server with production's quotas and a clock to turn."""
    wanted = msgspec.structs.replace(quotas.PRODUCTION, **changes)
    return running_apps(options={"clock": clock, "sign_in_quotas": wanted})


async def ask(client: httpx.AsyncClient, phone: str = PHONE, **fields: object) -> httpx.Response:
    """Ask for a code."""
    return await client.post("/api/v1/auth/challenges", json={"phone": phone, **fields})


async def test_a_stranger_waits_longer_each_time_and_is_told_the_truth(
    running_apps: Callable[..., RunningApp],
) -> None:
    clock = TurnedClock()
    async with app_with_quotas(running_apps, clock).client() as client:
        waits = []
        for _ in range(9):
            assert (await ask(client)).status_code == 201
            refused = await ask(client)
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
            wait = refused.json()["retry_after_s"]
            assert refused.headers["retry-after"] == str(wait)
            waits.append(wait)
            clock.turn(seconds=wait - 1)
            assert (await ask(client)).status_code == 429
            clock.turn(seconds=1.1)
        assert waits[:4] == [30, 30, 60, 120]
        assert waits == sorted(waits)
        assert max(waits) <= 15 * 60, "delay, never a ban"


async def test_a_known_device_is_not_slowed_by_what_strangers_do(
    running_apps: Callable[..., RunningApp],
) -> None:
    clock = TurnedClock()
    app = app_with_quotas(running_apps, clock)
    async with app.client() as mina, app.client() as stranger:
        known = (await sign_in(mina, PHONE)).device_token
        clock.turn(seconds=60)
        while (await ask(stranger)).status_code == 201:
            clock.turn(seconds=5)
        assert (await ask(stranger)).status_code == 429
        assert (await ask(mina, device_token=known)).status_code == 201
        # A token of another device, or none, does not open the quota.
        assert (await ask(stranger, device_token="x" * 43)).status_code == 429
        assert (await ask(mina, "+821077776666", device_token=known)).status_code in {201, 429}


async def test_a_device_is_known_for_its_own_number_only(running_apps: Callable[..., RunningApp]) -> None:
    clock = TurnedClock()
    app = app_with_quotas(running_apps, clock)
    async with app.client() as client:
        token = (await sign_in(client, PHONE)).device_token
        victim = "+821077776666"
        assert (await ask(client, victim, device_token=token)).status_code == 201
        refused = await ask(client, victim, device_token=token)
        assert refused.status_code == 429, "it draws on the stranger's quota"


async def test_one_address_has_a_cap_over_all_numbers(running_apps: Callable[..., RunningApp]) -> None:
    clock = TurnedClock()
    async with app_with_quotas(running_apps, clock).client() as client:
        numbers = [f"+8210123{number:05d}" for number in range(60)]
        answers = [await ask(client, number) for number in numbers]
        sent = [answer.status_code for answer in answers].count(201)
        assert sent == 8, "the burst of one address"
        wait = answers[-1].json()["retry_after_s"]
        clock.turn(seconds=wait)
        assert (await ask(client, numbers[-1])).status_code == 201


async def test_a_block_of_numbers_has_a_cap_over_all_addresses(
    running_apps: Callable[..., RunningApp],
) -> None:
    wide = quotas.DEVELOPMENT.send_address
    app = app_with_quotas(running_apps, TurnedClock(), send_address=wide, send_network=wide)
    async with app.client() as client:
        # One block of numbers, as pumping fraud uses them; from here any number of addresses would do.
        statuses = [(await ask(client, f"+82105555{number:04d}")).status_code for number in range(30)]
        assert statuses.count(201) == 20
        assert (await ask(client, "+821066660000")).status_code == 201


async def test_wrong_codes_slow_the_guesser_and_not_the_holder_of_a_known_device(
    running_apps: Callable[..., RunningApp],
) -> None:
    clock = TurnedClock()
    quick = quotas.DEVELOPMENT
    app = app_with_quotas(
        running_apps, clock, send_number=quick.send_number, send_number_network=quick.send_number
    )
    async with app.client() as client:
        known = (await sign_in(client, PHONE)).device_token
        refused: list[httpx.Response] = []
        for _ in range(4):
            challenge = await ask_code(client, PHONE)
            wrong = answer_to(challenge, code=another_code(challenge["code"]))
            refused += [await post_sign_in(client, wrong) for _ in range(4)]
        slowed = [answer for answer in refused if answer.status_code == 429]
        assert slowed
        assert {answer.json()["code"] for answer in slowed} == {"too_many"}
        right = await post_sign_in(client, answer_to(challenge))
        assert right.status_code == 429, "while it waits not even the right code is looked at"
        assert (await sign_in(client, PHONE, device_token=known)).me.phone == PHONE
        clock.turn(seconds=right.json()["retry_after_s"])
        assert (await post_sign_in(client, answer_to(challenge))).status_code == 201


def test_waits_double_up_to_the_longest_and_stay_there() -> None:
    second = timedelta(seconds=1)
    rule = Patience(free=2, spacing=second, first_wait=4 * second, longest_wait=30 * second, forget=second)
    waits = [wait_after(rule, uses) // second for uses in (1, 2, 3, 4, 5, 6, 1_000_000)]
    assert waits == [1, 4, 8, 16, 30, 30, 30]
