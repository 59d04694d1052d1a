"""Sign-in through HTTP: a code works once, for its holder, and wrong ones are counted."""

import asyncio

import httpx

from tests.fixtures_app import RunningApp, ask_code, sign_in

PHONE = "+821012345678"


def answer_to(challenge: dict[str, str], **changes: object) -> dict[str, object]:
    """The body that signs in with a challenge."""
    body = {"challenge_id": challenge["id"], "secret": challenge["secret"], "code": challenge["code"]}
    return {**body, "transport": "bearer", **changes}


def another_code(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def post_sign_in(client: httpx.AsyncClient, body: dict[str, object]) -> httpx.Response:
    """POST the sign-in."""
    return await client.post("/api/v1/auth/sessions", json=body)


async def test_a_newcomer_signs_in_and_is_known(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        signed_in = await sign_in(client, "010-1234-5678", name="민아")
        assert signed_in.is_new_user
        assert signed_in.me.phone == PHONE
        me = (await client.get("/api/v1/me")).json()
        assert (me["name"], me["locale"], me["phone"]) == ("민아", "ko", PHONE)
        again = await sign_in(client, PHONE, device_token=signed_in.device_token)
        assert not again.is_new_user
        assert again.me.id == signed_in.me.id
        assert again.session.device_id == signed_in.session.device_id


async def test_a_code_works_once_even_when_used_twice_at_the_same_moment(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        challenge = await ask_code(client, PHONE)
        answers = await asyncio.gather(*(post_sign_in(client, answer_to(challenge)) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"code_used"}
