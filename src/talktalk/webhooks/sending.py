"""One attempt: a POST to an address that a stranger chose.

The name is resolved here, every address it has is looked at, and the connection goes to one of those and no
other (so that a name cannot change between look and connection), while TLS and `Host` keep the name. Nothing
is followed, no proxy of the environment is used, and of the answer a few hundred bytes are read. What
is logged names endpoints by id: an address may hold a secret.
"""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Protocol
from urllib.parse import urlsplit, urlunsplit

import httpx
import msgspec

from talktalk.platform.clock import Clock
from talktalk.webhooks import rules

CONNECT_TIMEOUT_S: Final = 5.0
TIMEOUT_S: Final = 20.0
"""For everything: name, connection, answer."""
SNIPPET_BYTES_MAX: Final = 2048
SNIPPET_LENGTH_MAX: Final = 512
ADDRESSES_TRIED_MAX: Final = 2
USER_AGENT: Final = "TalkTalk-Webhooks/1"
_REDIRECTS: Final = range(300, 400)
_SUCCESSES: Final = range(200, 300)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended."""

    status: int | None = None
    error: str | None = None
    """None where the address answered 2xx."""
    took_ms: int
    snippet: str = ""
    retry_after: timedelta | None = None

    @property
    def accepted(self) -> bool:
        """Whether the address took it."""
        return self.error is None


class Resolver(Protocol):
    """Turns a name into addresses."""

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Addresses in the order to try them.

        Raises:
            OSError: There are none.
        """
        ...


async def resolve(host: str, port: int) -> Sequence[str]:
    """The system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Refused(Exception):
    """An address nothing may be sent to."""


class Sender:
    """Sends. One a process; holds no connection between attempts."""

    def __init__(
        self,
        clock: Clock,
        *,
        private_targets: bool,
        resolver: Resolver = resolve,
        ssl_context: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Make it.

        Args:
            clock: For the timestamps that are signed.
            private_targets: Whether plain HTTP and private addresses will do (development).
            resolver: Names to addresses.
            ssl_context: None: the usual authorities.
            timeout_s: For one attempt.
        """
        self._clock = clock
        self._private_targets = private_targets
        self._resolver = resolver
        self._ssl = ssl_context if ssl_context is not None else httpx.create_ssl_context()
        self._timeout_s = timeout_s

    async def send(self, url: str, message_id: str, payload: bytes, keys: Sequence[rules.Keys]) -> Outcome:
        """One attempt; every way it can end is an `Outcome`."""
        began = time.monotonic()

        def ended(error: str) -> Outcome:
            return Outcome(error=error, took_ms=_ms_since(began))

        if rules.why_refused(url, private_targets=self._private_targets) is not None:
            return ended("address_refused")
        try:
            async with asyncio.timeout(self._timeout_s):
                addresses = await self._addresses(url)
                return await self._post(url, addresses, message_id, payload, keys, began)
        except _Refused:
            return ended("address_refused")
        except (TimeoutError, httpx.TimeoutException):
            return ended("timeout")
        except socket.gaierror:
            return ended("name_unknown")
        except (httpx.HTTPError, OSError) as error:
            return ended("tls" if _is_tls(error) else "connection")
        except (httpx.InvalidURL, UnicodeError, ValueError):
            return ended("address_refused")

    async def _addresses(self, url: str) -> list[str]:
        parts = urlsplit(url)
        assert parts.hostname is not None, "looked at before"
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = await self._resolver(parts.hostname, port)
        if not found:
            raise socket.gaierror
        parsed = [ipaddress.ip_address(address.partition("%")[0]) for address in found]
        # One private address among public ones is a trap: all must be public.
        if not self._private_targets and any(rules.is_private(address) for address in parsed):
            raise _Refused
        return [str(address) for address in parsed[:ADDRESSES_TRIED_MAX]]

    async def _post(
        self,
        url: str,
        addresses: Sequence[str],
        message_id: str,
        payload: bytes,
        keys: Sequence[rules.Keys],
        began: float,
    ) -> Outcome:
        parts = urlsplit(url)
        timestamp_s = int(self._clock.now().timestamp())
        headers = {
            "Host": parts.netloc,
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": rules.signature(keys, message_id, timestamp_s, payload),
        }
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(
            verify=self._ssl,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(self._timeout_s, connect=CONNECT_TIMEOUT_S),
            limits=limits,
        ) as client:
            for number, address in enumerate(addresses):
                request = client.build_request(
                    "POST",
                    _pinned(url, address),
                    content=payload,
                    headers=headers,
                    extensions={"sni_hostname": parts.hostname},
                )
                try:
                    answer = await client.send(request, stream=True)
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    if number + 1 == len(addresses) or _is_tls(error):
                        raise
                    continue
                try:
                    return await self._read(answer, began)
                finally:
                    await answer.aclose()
        raise AssertionError("there is at least one address")

    async def _read(self, answer: httpx.Response, began: float) -> Outcome:
        beginning = b""
        async for chunk in answer.aiter_raw():
            beginning += chunk
            if len(beginning) >= SNIPPET_BYTES_MAX:
                break
        error = None
        if answer.status_code not in _SUCCESSES:
            error = "redirect" if answer.status_code in _REDIRECTS else "status"
        return Outcome(
            status=answer.status_code,
            error=error,
            took_ms=_ms_since(began),
            snippet=rules.snippet_of(beginning[:SNIPPET_BYTES_MAX], SNIPPET_LENGTH_MAX),
            retry_after=self._retry_after(answer.headers.get("retry-after")),
        )

    def _retry_after(self, header: str | None) -> timedelta | None:
        """Seconds or a date (RFC 9110, 10.2.3); None for anything else."""
        if header is None:
            return None
        if header.isascii() and header.isdigit():
            return min(timedelta(seconds=int(header[:9])), rules.RETRY_AFTER_MAX)
        try:
            pause = parsedate_to_datetime(header) - self._clock.now()
        except (ValueError, TypeError, OverflowError):
            return None
        return max(timedelta(0), min(pause, rules.RETRY_AFTER_MAX))


def _pinned(url: str, address: str) -> str:
    """The same URL at an address instead of a name."""
    parts = urlsplit(url)
    host = f"[{address}]" if ":" in address else address
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _ms_since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
