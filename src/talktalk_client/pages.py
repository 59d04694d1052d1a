"""Lists that come in pages, read as one async iterator."""

from collections.abc import AsyncIterator
from typing import TypeVar

from talktalk_client.rest import Http, Query
from talktalk_wire.common import Page

T = TypeVar("T")


async def items(http: Http, path: str, page: type[Page[T]], query: Query | None = None) -> AsyncIterator[T]:
    """Every item of a paged list, fetched as it is read."""
    cursor: str | None = None
    while True:
        found = await http.get(path, page, query={**(query or {}), "cursor": cursor})
        for item in found.items:
            yield item
        cursor = found.next
        if cursor is None:
            return
