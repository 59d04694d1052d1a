"""REST calls: structs in, structs out, problems as `ApiError`, safe retries.

A call is tried again when nothing can have been done (no connection, 429, a 503 of ours) and, if it
is marked repeatable, also when the answer was lost. Repeatable are reads, writes that say what
shall be (PUT, DELETE) and writes with a key that the server remembers (`client_id`,
`Idempotency-Key`). Anything else with a lost answer raises `Unreachable` at once.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from talktalk_client.errors import ApiError, ProtocolError, ServerTrouble, TooMany, Unreachable, api_error
from talktalk_client.policy import Backoff, Policy
from talktalk_wire.common import Problem

T = TypeVar("T")

Query = Mapping[str, str | int | None]

# The request never left, or never arrived whole at a server that accepts connections.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_NOT_ANSWERED = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.SERVICE_UNAVAILABLE)


class Http:
    """The server's REST interface, with the session's bearer token once there is one."""

    def __init__(self, base_url: str, policy: Policy, ssl_context: ssl.SSLContext | None) -> None:
        self.token: str | None = None
        self._policy = policy
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=policy.request_timeout_s,
            verify=ssl_context if ssl_context is not None else True,
            trust_env=not is_loopback(base_url),
        )

    async def close(self) -> None:
        """Close idle connections."""
        await self._client.aclose()

    async def get(self, path: str, reply: type[T], *, query: Query | None = None) -> T:
        """Read something."""
        return self.decode(await self.send("GET", path, query=query, repeatable=True), reply)

    async def post(
        self,
        path: str,
        body: msgspec.Struct | None,
        reply: type[T],
        *,
        idempotency_key: str | None = None,
        repeatable: bool = False,
    ) -> T:
        """Do something; repeatable with an idempotency key, or where the body carries one."""
        response = await self.send(
            "POST",
            path,
            body=body,
            repeatable=repeatable or idempotency_key is not None,
            headers={} if idempotency_key is None else {"Idempotency-Key": idempotency_key},
        )
        return self.decode(response, reply)

    async def put(self, path: str, body: msgspec.Struct | None, reply: type[T]) -> T:
        """Say what shall be."""
        return self.decode(await self.send("PUT", path, body=body, repeatable=True), reply)

    async def patch(self, path: str, body: msgspec.Struct, reply: type[T]) -> T:
        """Say what some fields shall be."""
        return self.decode(await self.send("PATCH", path, body=body, repeatable=True), reply)

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: msgspec.Struct | bytes | None = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool,
    ) -> httpx.Response:
        """One call with its retries; the answer's status is below 400.

        Raises:
            ApiError: The server refused.
            Unreachable: No answer after `Policy.tries_max` attempts, or a lost one that may not be
                asked for again.
        """
        content, sent_headers = self._prepare(body, headers)
        params = {key: value for key, value in (query or {}).items() if value is not None}
        backoff = Backoff(self._policy.retry_first_s, self._policy.retry_last_s)
        tries = 0
        while True:
            tries += 1
            pause_s = backoff.pause_s()
            failure: ApiError | Unreachable
            try:
                response = await self._client.request(
                    method, path, content=content, params=params, headers=sent_headers
                )
            except httpx.TransportError as error:
                failure = Unreachable(f"{method} {path}: {str(error) or type(error).__name__}")
                failure.__cause__ = error
                again = repeatable or isinstance(error, _NOT_SENT)
            else:
                if response.status_code < HTTPStatus.BAD_REQUEST:
                    return response
                failure = _error_of(response)
                again = self._may_repeat(failure, repeatable=repeatable)
                pause_s = max(pause_s, failure.retry_after_s or 0)
            if not again or tries >= self._policy.tries_max:
                raise failure
            await asyncio.sleep(pause_s)

    def _prepare(
        self, body: msgspec.Struct | bytes | None, headers: Mapping[str, str] | None
    ) -> tuple[bytes | None, dict[str, str]]:
        prepared = dict(headers or {})
        if self.token is not None:
            prepared["Authorization"] = f"Bearer {self.token}"
        if isinstance(body, bytes):
            prepared["Content-Type"] = "application/octet-stream"
            return body, prepared
        if body is not None:
            prepared["Content-Type"] = "application/json"
            return msgspec.json.encode(body), prepared
        return None, prepared

    def _may_repeat(self, error: ApiError, *, repeatable: bool) -> bool:
        if (error.retry_after_s or 0) > self._policy.patience_s:
            return False
        if isinstance(error, TooMany) or error.code == "unavailable":
            return True  # by contract nothing was changed
        return isinstance(error, ServerTrouble) and repeatable and error.status in _NOT_ANSWERED

    @staticmethod
    def decode(response: httpx.Response, reply: type[T]) -> T:
        """Read an answer.

        Raises:
            ProtocolError: It is not of this type.
        """
        if reply is type(None):
            return msgspec.convert(None, reply)
        try:
            return msgspec.json.decode(response.content, type=reply)
        except msgspec.DecodeError as error:
            request = response.request
            raise ProtocolError(f"{request.method} {request.url.path} answered: {error}") from error


def _error_of(response: httpx.Response) -> ApiError:
    try:
        problem = msgspec.json.decode(response.content, type=Problem)
    except msgspec.DecodeError:
        # Not our server's words: a proxy's page, perhaps.
        problem = Problem(
            type="about:blank",
            title=response.reason_phrase,
            status=response.status_code,
            code=f"http_{response.status_code}",
        )
    if problem.retry_after_s is None and (after := response.headers.get("Retry-After", "")).isdecimal():
        problem = msgspec.structs.replace(problem, retry_after_s=int(after))
    return api_error(problem)


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine, so that no proxy shall stand between."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
