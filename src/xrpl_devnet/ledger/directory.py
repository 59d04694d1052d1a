"""Directories: pages of up to 32 indexes, chained, as rippled's `ApplyView` keeps them.

Owner directories keep their pages sorted; order books keep the order of arrival. Page 0 is the directory's
root and points at the last page by `IndexPrevious`.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final

from xrpl_devnet.ledger import keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import ReadView, Sandbox, ViewError

PAGE_ENTRIES: Final = 32
MAX_PAGES: Final = 262_144

Describe = Callable[[Entry], None]


def describe_owner(account: bytes) -> Describe:
    """What an owner directory's pages say of themselves."""

    def describe(page: Entry) -> None:
        page["Owner"] = account

    return describe


def _page(view: Sandbox, directory: bytes, number: int) -> Entry:
    page = view.peek(keylets.page(directory, number))
    if page is None:
        raise ViewError("directory chain: a page is missing")
    return page


def _add(view: Sandbox, directory: bytes, key: bytes, describe: Describe, *, keep_order: bool) -> int | None:
    root = view.peek(directory)
    if root is None:
        root = Entry.new("DirectoryNode", directory, RootIndex=directory)
        describe(root)
        root["Indexes"] = [key]
        view.insert(root)
        return 0
    number: int = root.get("IndexPrevious", 0)
    page = _page(view, directory, number) if number else root
    indexes: list[bytes] = page["Indexes"]
    if len(indexes) < PAGE_ENTRIES:
        if key in indexes:
            raise ViewError("directory: double insertion")
        indexes = list(indexes) if keep_order else sorted(indexes)
        if keep_order:
            indexes.append(key)
        else:
            indexes.insert(bisect_left(indexes, key), key)
        page["Indexes"] = indexes
        view.update(page)
        return number
    number += 1
    if number >= MAX_PAGES and not view.rules.enabled("fixDirectoryLimit"):
        return None
    page["IndexNext"] = number
    view.update(page)
    root["IndexPrevious"] = number
    view.update(root)
    fresh = Entry.new("DirectoryNode", keylets.page(directory, number), RootIndex=directory)
    fresh["Indexes"] = [key]
    if number != 1:
        fresh["IndexPrevious"] = number - 1
    describe(fresh)
    view.insert(fresh)
    return number


def insert(view: Sandbox, directory: bytes, key: bytes, describe: Describe) -> int | None:
    """Add an index to a sorted directory and return its page; None when the directory is full."""
    return _add(view, directory, key, describe, keep_order=False)


def append(view: Sandbox, directory: bytes, key: bytes, describe: Describe) -> int | None:
    """Add an index behind all others (order books) and return its page; None when full."""
    return _add(view, directory, key, describe, keep_order=True)


def owner_insert(view: Sandbox, account: bytes, key: bytes) -> int | None:
    """Add an index to an account's owner directory and return its page; None when full."""
    return insert(view, keylets.owner_dir(account), key, describe_owner(account))


def owner_remove(view: Sandbox, account: bytes, page: int, key: bytes, *, keep_root: bool = False) -> bool:
    """Take an index out of an account's owner directory.

    Some transactions of rippled leave an empty root behind (`keep_root`), others do not: follow the source.
    """
    return remove(view, keylets.owner_dir(account), page, key, keep_root=keep_root)


def remove(view: Sandbox, directory: bytes, number: int, key: bytes, *, keep_root: bool) -> bool:
    """Take an index out of a page, and the page or the directory with it when empty.

    Returns:
        False when the page does not hold the index: the ledger is damaged.
    """
    page = view.peek(keylets.page(directory, number))
    if page is None or key not in page["Indexes"]:
        return False
    left = [index for index in page["Indexes"] if index != key]
    page["Indexes"] = left
    view.update(page)
    if left:
        return True
    if number == 0:
        _empty_root(view, directory, page, keep_root=keep_root)
    else:
        _unlink(view, directory, page, keep_root=keep_root)
    return True


def _empty_root(view: Sandbox, directory: bytes, root: Entry, *, keep_root: bool) -> None:
    previous: int = root.get("IndexPrevious", 0)
    following: int = root.get("IndexNext", 0)
    if following == previous and following != 0:
        # Old code could leave an empty last page behind.
        last = _page(view, directory, following)
        if not last["Indexes"]:
            root["IndexNext"] = 0
            root["IndexPrevious"] = 0
            view.update(root)
            view.erase(last)
            previous = following = 0
    if not keep_root and following == 0 and previous == 0:
        view.erase(root)


def _unlink(view: Sandbox, directory: bytes, page: Entry, *, keep_root: bool) -> None:
    before: int = page.get("IndexPrevious", 0)
    following: int = page.get("IndexNext", 0)
    previous = _page(view, directory, before)
    previous["IndexNext"] = following
    view.update(previous)
    after = _page(view, directory, following)
    after["IndexPrevious"] = before
    view.update(after)
    view.erase(page)
    if following != 0 and after.get("IndexNext", 0) == 0 and not after["Indexes"]:
        view.erase(after)
        previous["IndexNext"] = 0
        view.update(previous)
        root = _page(view, directory, 0)
        root["IndexPrevious"] = before
        view.update(root)
        following = 0
    if not keep_root and following == 0 and before == 0 and not previous["Indexes"]:
        view.erase(previous)


def pages(view: ReadView, directory: bytes, first: int = 0) -> Iterator[tuple[int, Entry]]:
    """The pages of a directory with their numbers, from one on."""
    number = first
    while True:
        page = view.read(keylets.page(directory, number))
        if page is None:
            return
        yield number, page
        number = page.get("IndexNext", 0)
        if number == 0:
            return


def entries(view: ReadView, directory: bytes) -> Iterator[bytes]:
    """All indexes of a directory."""
    for _, page in pages(view, directory):
        yield from page["Indexes"]


def is_empty(view: ReadView, directory: bytes) -> bool:
    """Whether a directory holds nothing (rippled's `dirIsEmpty`)."""
    root = view.read(directory)
    if root is None:
        return True
    return not root["Indexes"] and root.get("IndexNext", 0) == 0


def adjust_owner_count(view: Sandbox, account: Entry, change: int) -> None:
    """Count an owned object in or out; the count stays within its bounds."""
    account["OwnerCount"] = min(max(account["OwnerCount"] + change, 0), 2**32 - 1)
    view.update(account)
