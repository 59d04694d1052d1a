"""Clients as the tests of the SDK want them: impatient, and signed in to the model server."""

import contextlib
from collections.abc import AsyncIterator

from talktalk_client import Policy, TalkTalk
from tests.client.model_server import ModelServer

HASTY = Policy(
    request_timeout_s=5,
    retry_first_s=0.01,
    retry_last_s=0.05,
    reconnect_first_s=0.01,
    reconnect_last_s=0.05,
    patience_s=1,
    poll_first_s=0.01,
    poll_last_s=0.05,
)


@contextlib.asynccontextmanager
async def client_of(server: ModelServer, policy: Policy = HASTY) -> AsyncIterator[TalkTalk]:
    """A client whose session the model server knows."""
    async with TalkTalk(server.url, policy=policy) as client:
        client.authenticate(server.token)
        yield client
