"""Writing: `TalkTalk.messages`.

A message has a `client_id`, made once and kept through every try, so that however often it is sent
the server takes it once. It goes over the socket while that is connected, else over HTTP.
Messages of one task stay in order if each `send` is awaited before the next.
"""

import asyncio
import secrets
from uuid import UUID

from talktalk_client import frames
from talktalk_client.errors import ApiError, LinkLost
from talktalk_client.link import Link
from talktalk_client.policy import Backoff, Policy
from talktalk_client.rest import Http
from talktalk_client.rooms import SomeRoom, room_id_of
from talktalk_wire.chat import Message, MessageAsk
from talktalk_wire.realtime import MessageAck, MessageSend, ReadMove, TypingStart

_PASSING = frozenset({"too_many", "busy", "unavailable"})
"""Refusals that say: nothing was changed, try again."""


def new_client_id() -> str:
    """A key for one message, 128 random bits."""
    return secrets.token_urlsafe(16)


class Messages:
    """Sends messages, and says that one is typing or has read."""

    def __init__(self, http: Http, link: Link, policy: Policy) -> None:
        self._http = http
        self._link = link
        self._policy = policy

    async def send(self, room: SomeRoom, text: str, *, client_id: str | None = None) -> MessageAck:
        """Send a text and return once it is committed to disk.

        Args:
            room: Where.
            text: 1 to `BODY_LENGTH_MAX` characters.
            client_id: The key of an earlier try whose outcome is not known; None makes a new one.

        Raises:
            ApiError: Refused (`not_a_member`, `blocked`, a text too long, …).
            Unreachable: No answer after `Policy.tries_max` tries; send again with the same
                `client_id` to be sure.
        """
        room_id = room_id_of(room)
        client_id = client_id or new_client_id()
        backoff = Backoff(self._policy.retry_first_s, self._policy.retry_last_s)
        for _ in range(self._policy.tries_max):
            if not self._link.is_up:
                return await self._post(room_id, text, client_id)
            try:
                return await self._send(room_id, text, client_id)
            except LinkLost:
                continue  # the next try finds another socket, or takes HTTP
            except ApiError as error:
                after_s = error.retry_after_s or 0
                if error.code not in _PASSING or after_s > self._policy.patience_s:
                    raise
                await asyncio.sleep(max(after_s, backoff.pause_s()))
        return await self._post(room_id, text, client_id)

    async def typing(self, room: SomeRoom) -> None:
        """Show the others that one is writing, for `TYPING_S` seconds; only while connected."""
        if self._link.is_up:
            try:
                await self._link.tell("typing.start", TypingStart(room_id=room_id_of(room)))
            except LinkLost:
                return  # nobody misses it

    async def read(self, room: SomeRoom, seq: int) -> None:
        """Say over the socket that everything up to and including `seq` was read.

        Raises:
            LinkLost: Not connected; `TalkTalk.rooms.read` says it over HTTP.
        """
        await self._link.ask("read.move", ReadMove(room_id=room_id_of(room), seq=seq))

    async def _send(self, room_id: UUID, text: str, client_id: str) -> MessageAck:
        ask = MessageSend(client_id=client_id, room_id=room_id, body=text)
        return frames.decode(await self._link.ask("message.send", ask), MessageAck)

    async def _post(self, room_id: UUID, text: str, client_id: str) -> MessageAck:
        ask = MessageAsk(client_id=client_id, body=text)
        path = f"/api/v1/rooms/{room_id}/messages"
        message = await self._http.post(path, ask, Message, repeatable=True)
        return MessageAck(
            client_id=message.client_id,
            room_id=message.room_id,
            message_id=message.id,
            seq=message.seq,
            created_at=message.created_at,
        )
