"""What is tried again and what is not."""

import msgspec
import pytest

from talktalk_client import (
    ApiError,
    Conflict,
    Forbidden,
    NotFound,
    NotSignedIn,
    Policy,
    ProtocolError,
    ServerTrouble,
    TooMany,
    Unreachable,
)
from talktalk_client.rest import Http, is_loopback
from talktalk_wire.social import FriendRequestAsk
from tests.client.model_server import ME, Answer, ModelServer
from tests.client.worlds import HASTY

PATH = "/x"


def http_of(server: ModelServer, policy: Policy = HASTY) -> Http:
    return Http(server.url, policy, None)


def answering(server: ModelServer) -> None:
    for method in ("GET", "POST", "PUT"):
        server.handlers[method, PATH] = lambda _: {"n": 1}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, NotSignedIn),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (500, ServerTrouble),
        (418, ApiError),
    ],
)
async def test_each_status_has_its_class_and_is_not_repeated(status: int, kind: type[ApiError]) -> None:
    async with ModelServer() as server:
        answering(server)
        server.answers.append(Answer(path=PATH, status=status, code="some_code"))
        http = http_of(server)
        with pytest.raises(kind) as caught:
            await http.get(PATH, dict[str, int])
        await http.close()
        assert (caught.value.code, caught.value.status) == ("some_code", status)
        assert len(server.requests) == 1


async def test_a_limited_call_waits_as_long_as_the_server_says_and_succeeds() -> None:
    async with ModelServer() as server:
        answering(server)
        server.answers.append(Answer(path=PATH, status=429, code="too_many", retry_after_s=1))
        http = http_of(server)
        assert await http.post(PATH, None, dict[str, int]) == {"n": 1}
        await http.close()


async def test_a_limit_beyond_our_patience_is_raised_at_once() -> None:
    async with ModelServer() as server:
        answering(server)
        server.answers.append(Answer(path=PATH, status=429, code="too_many", retry_after_s=60))
        http = http_of(server)
        with pytest.raises(TooMany) as caught:
            await http.get(PATH, dict[str, int])
        await http.close()
        assert caught.value.retry_after_s == 60
        assert len(server.requests) == 1


async def test_a_read_whose_answer_was_lost_is_repeated() -> None:
    async with ModelServer() as server:
        answering(server)
        server.answers += [Answer(path=PATH, is_lost=True)] * 3
        http = http_of(server)
        assert await http.get(PATH, dict[str, int]) == {"n": 1}
        await http.close()


async def test_a_write_without_a_key_whose_answer_was_lost_is_not_repeated() -> None:
    async with ModelServer() as server:
        answering(server)
        server.answers.append(Answer(path=PATH, is_lost=True))
        http = http_of(server)
        with pytest.raises(Unreachable):
            await http.post(PATH, FriendRequestAsk(user_id=ME), dict[str, int])
        await http.close()
        assert len(server.requests) == 1


async def test_a_write_with_an_idempotency_key_is_repeated_with_the_same_key_and_body() -> None:
    async with ModelServer() as server:
        answering(server)
        server.answers += [Answer(path=PATH, is_lost=True), Answer(path=PATH, status=502, code="bad_gateway")]
        http = http_of(server)
        await http.post(PATH, FriendRequestAsk(user_id=ME), dict[str, int], idempotency_key="k")
        await http.close()
        assert {headers["idempotency-key"] for _, _, headers, _ in server.requests} == {"k"}
        assert len({body for *_, body in server.requests}) == 1
        assert len(server.requests) == 3


async def test_a_server_that_is_not_there_is_tried_so_often_and_no_more() -> None:
    server = ModelServer()  # never started: its port is closed
    http = http_of(server, msgspec.structs.replace(HASTY, tries_max=3))
    with pytest.raises(Unreachable):
        await http.get(PATH, dict[str, int])
    await http.close()


async def test_an_answer_of_another_form_is_a_protocol_error() -> None:
    async with ModelServer() as server:
        answering(server)
        http = http_of(server)
        with pytest.raises(ProtocolError):
            await http.get(PATH, list[int])
        await http.close()


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("http://127.0.0.1:8080", True),
        ("wss://[::1]/x", True),
        ("http://localhost", True),
        ("https://talk.localhost", True),
        ("https://talk.example", False),
        ("https://localhost.example", False),
    ],
)
def test_no_proxy_stands_before_this_machine(url: str, is_local: bool) -> None:
    assert is_loopback(url) is is_local
