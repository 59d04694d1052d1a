"""Sign-in through HTTP: a code works once, for its holder, and wrong ones are counted."""

import asyncio
from collections.abc import Callable

import httpx
import psycopg

from talktalk.platform.database import Database
from tests.clocks import TurnedClock
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


async def test_five_wrong_codes_spend_a_challenge_and_the_right_one_comes_too_late(
    running_app: RunningApp,
) -> None:
    async with running_app.client() as client:
        challenge = await ask_code(client, PHONE)
        wrong = answer_to(challenge, code=another_code(challenge["code"]))
        codes = [(await post_sign_in(client, wrong)).json() for _ in range(5)]
        assert [problem["code"] for problem in codes] == ["code_wrong"] * 4 + ["code_spent"]
        assert codes[0]["errors"] == [{"field": "code", "detail": "4 tries left"}]
        late = await post_sign_in(client, answer_to(challenge))
        assert (late.status_code, late.json()["code"]) == (403, "code_spent")


async def test_guesses_at_the_same_moment_share_five_tries(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        challenge = await ask_code(client, PHONE)
        guesses = [f"{number:06d}" for number in range(40) if f"{number:06d}" != challenge["code"]]
        answers = await asyncio.gather(
            *(post_sign_in(client, answer_to(challenge, code=code)) for code in guesses)
        )
        codes = [answer.json()["code"] for answer in answers]
        assert codes.count("code_wrong") == 4, codes
        assert (await post_sign_in(client, answer_to(challenge))).status_code != 201


async def test_the_code_is_of_no_use_without_the_secret(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        challenge, other = await ask_code(client, PHONE), await ask_code(client, "+821099998888")
        for secret in (other["secret"], "", "x" * 43):
            stolen = await post_sign_in(client, answer_to(challenge, secret=secret))
            assert (stolen.status_code, stolen.json()["code"]) == (404, "challenge_not_found")
        mixed = await post_sign_in(client, answer_to(other, code=challenge["code"]))
        assert mixed.status_code in {201, 403}
        # None of this cost the holder of the secret a try.
        assert (await post_sign_in(client, answer_to(challenge))).status_code == 201


async def test_a_new_challenge_voids_none(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        first = await ask_code(client, PHONE)
        second = await ask_code(client, PHONE)
        assert (await post_sign_in(client, answer_to(first))).status_code == 201
        assert (await post_sign_in(client, answer_to(second))).status_code == 201


async def test_a_code_expires_after_three_minutes(running_apps: Callable[..., RunningApp]) -> None:
    clock = TurnedClock()
    app = running_apps(options={"clock": clock})
    async with app.client() as client:
        early, late = await ask_code(client, PHONE), await ask_code(client, PHONE)
        clock.turn(seconds=179)
        assert (await post_sign_in(client, answer_to(early))).status_code == 201
        clock.turn(seconds=2)
        expired = await post_sign_in(client, answer_to(late))
        assert (expired.status_code, expired.json()["code"]) == (410, "code_expired")


async def test_two_newcomers_with_one_number_are_one_person(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        challenges = [await ask_code(client, PHONE) for _ in range(4)]
        answers = await asyncio.gather(*(post_sign_in(client, answer_to(each)) for each in challenges))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["me"]["id"] for answer in answers}) == 1
        assert [answer.json()["is_new_user"] for answer in answers].count(True) == 1


async def test_a_number_that_cannot_be_is_refused(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        for phone in ("12", "010-123-456", "+82", "not a number", "+8210123456789012", "\u0000\u0000\u0000"):
            answer = await client.post("/api/v1/auth/challenges", json={"phone": phone})
            assert answer.status_code == 400, phone
            assert answer.json()["code"] in {"phone_invalid", "malformed"}


async def test_numbers_are_read_in_the_region_they_were_typed_for(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        for phone, region, expected in (
            ("010 1234 5678", None, PHONE),
            ("+82 (0)10-1234-5678", None, PHONE),
            ("(212) 555-0123", "US", "+12125550123"),
            ("+44 20 7946 0958", "US", "+442079460958"),
        ):
            assert (await ask_code(client, phone, region=region))["phone"] == expected


async def test_malformed_bodies_are_problems_that_name_the_field(running_app: RunningApp) -> None:
    good = {"challenge_id": "0" * 32, "secret": "x", "code": "123456"}
    bodies: list[tuple[dict[str, object], str]] = [
        ({**good, "code": "12345"}, "code"),
        ({**good, "code": "１２３４５６"}, "code"),
        ({**good, "code": 123456}, "code"),
        ({**good, "challenge_id": "nope"}, "challenge_id"),
        ({**good, "transport": "pigeon"}, "transport"),
        ({**good, "extra": 1}, ""),
        ({"code": "123456"}, ""),
        ({**good, "secret": "x" * 129}, "secret"),
    ]
    async with running_app.client() as client:
        for body, field in bodies:
            answer = await post_sign_in(client, body)
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (400, "malformed"), body
            assert answer.headers["content-type"] == "application/problem+json"
            assert field in {error["field"] for error in problem["errors"]} | {""}, problem
        for content, media_type, status in (
            (b"{", "application/json", 400),
            (b"[]", "application/json", 400),
            (b"\xff\xfe", "application/json", 400),
            (b"", "application/json", 400),
            (b'{"phone": "+821012345678"}', "text/plain", 415),
            (b"phone=1", "application/x-www-form-urlencoded", 415),
            (b'{"phone": "' + b"1" * 70_000 + b'"}', "application/json", 413),
        ):
            answer = await client.post(
                "/api/v1/auth/challenges", content=content, headers={"Content-Type": media_type}
            )
            assert answer.status_code == status, (content[:20], answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert "Traceback" not in answer.text


async def test_a_code_and_its_secret_are_stored_as_hashes_only(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        challenge = await ask_code(client, PHONE)
        signed_in = await sign_in(client, PHONE)
    with psycopg.connect(Database(running_app.settings.database_url).conninfo) as db:
        tables = ("challenges", "sessions", "devices", "audit_events", "limits")
        rows = [row for table in tables for row in db.execute(f"SELECT row_to_json(t)::text FROM {table} t")]
    text = " ".join(row[0] for row in rows)
    assert signed_in.token is not None
    for secret in (challenge["secret"], signed_in.token, signed_in.device_token):
        assert secret not in text
        assert secret.encode().hex() not in text
    assert f'"{challenge["code"]}"' not in text
