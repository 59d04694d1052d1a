"""SHAMap: the Merkle radix tree of 16 branches whose root hash stands in the ledger header.

Trees are persistent: `StateMap.snapshot()` is O(1) and shares every node. Changing a tree copies only the
path from the root to the leaf, once per batch of changes, and `hash()` visits only what changed, so a close
costs in proportion to what it changed and not to what the ledger holds.

A leaf keeps the entry's bytes; decoded entries live in a bounded cache beside it (`StateMap.read`).
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from xrpl_codec.binary import write_length
from xrpl_codec.hashing import INNER_NODE, LEAF_NODE, TRANSACTION_ID, TRANSACTION_NODE, half
from xrpl_devnet.ledger.entry import Entry

ZERO_HASH: Final = bytes(32)
_EMPTY_BRANCH: Final = ZERO_HASH


class Leaf:
    """One item: its key, its bytes and its hash."""

    __slots__ = ("blob", "hash", "key")

    def __init__(self, key: bytes, blob: bytes, node_hash: bytes) -> None:
        self.key = key
        self.blob = blob
        self.hash = node_hash


class Inner:
    """Sixteen branches; `hash` is None until computed, `owner` is the batch that may change it."""

    __slots__ = ("branches", "hash", "owner")

    def __init__(self, branches: "list[Node | None]", owner: object) -> None:
        self.branches = branches
        self.hash: bytes | None = None
        self.owner = owner


Node: TypeAlias = Leaf | Inner


def _nibble(key: bytes, depth: int) -> int:
    byte = key[depth >> 1]
    return byte & 15 if depth & 1 else byte >> 4


def _hash_of(node: Node) -> bytes:
    if node.hash is not None:
        return node.hash
    assert isinstance(node, Inner)
    parts = [INNER_NODE]
    for branch in node.branches:
        if branch is None:
            parts.append(_EMPTY_BRANCH)
        else:
            parts.append(branch.hash or _hash_of(branch))
    node.hash = half(b"".join(parts))
    return node.hash


def _leaves(node: Node | None) -> Iterator[Leaf]:
    if node is None:
        return
    if isinstance(node, Leaf):
        yield node
        return
    for branch in node.branches:
        if branch is not None:
            yield from _leaves(branch)


def _leaves_after(node: Node | None, key: bytes, depth: int) -> Iterator[Leaf]:
    """Leaves with a key greater than `key`, ascending, below a node whose prefix is `key`'s."""
    if node is None:
        return
    if isinstance(node, Leaf):
        if node.key > key:
            yield node
        return
    nibble = _nibble(key, depth)
    yield from _leaves_after(node.branches[nibble], key, depth + 1)
    for branch in node.branches[nibble + 1 :]:
        if branch is not None:
            yield from _leaves(branch)


class Tree:
    """A tree of leaves; the root is always an inner node, or nothing."""

    __slots__ = ("_batch", "_root")

    def __init__(self, root: Inner | None = None) -> None:
        self._root = root
        self._batch = object()

    def snapshot(self) -> "Tree":
        """The same tree, independent from now on."""
        self._batch = object()
        return Tree(self._root)

    def hash(self) -> bytes:
        """The root hash; zero for an empty tree."""
        return ZERO_HASH if self._root is None else _hash_of(self._root)

    def get(self, key: bytes) -> Leaf | None:
        """The leaf of a key."""
        node: Node | None = self._root
        depth = 0
        while isinstance(node, Inner):
            byte = key[depth >> 1]
            node = node.branches[byte & 15 if depth & 1 else byte >> 4]
            depth += 1
        return node if node is not None and node.key == key else None

    def leaves(self) -> Iterator[Leaf]:
        """All leaves in ascending order of key."""
        return _leaves(self._root)

    def leaves_after(self, key: bytes) -> Iterator[Leaf]:
        """Leaves whose key is greater, ascending."""
        return _leaves_after(self._root, key, 0)

    def _own(self, node: Inner) -> Inner:
        if node.owner is self._batch:
            node.hash = None
            return node
        return Inner(node.branches.copy(), self._batch)

    def put(self, leaf: Leaf) -> None:
        """Insert or replace a leaf."""
        key = leaf.key
        root = Inner([None] * 16, self._batch) if self._root is None else self._own(self._root)
        self._root = root
        node = root
        depth = 0
        while True:
            nibble = _nibble(key, depth)
            child = node.branches[nibble]
            if child is None:
                node.branches[nibble] = leaf
                return
            if isinstance(child, Leaf):
                if child.key == key:
                    node.branches[nibble] = leaf
                else:
                    node.branches[nibble] = self._split(child, leaf, depth + 1)
                return
            owned = self._own(child)
            node.branches[nibble] = owned
            node = owned
            depth += 1

    def _split(self, one: Leaf, other: Leaf, depth: int) -> Inner:
        """The inner nodes between the place where two keys still agree and where they part."""
        top = Inner([None] * 16, self._batch)
        node = top
        while True:
            first, second = _nibble(one.key, depth), _nibble(other.key, depth)
            if first != second:
                node.branches[first] = one
                node.branches[second] = other
                return top
            below = Inner([None] * 16, self._batch)
            node.branches[first] = below
            node = below
            depth += 1

    def remove(self, key: bytes) -> None:
        """Take a leaf out; an inner node left with one leaf is replaced by that leaf.

        Raises:
            KeyError: The key is not in the tree.
        """
        if self._root is None:
            raise KeyError(key)
        path: list[tuple[Inner, int]] = []
        node: Node | None = self._own(self._root)
        assert isinstance(node, Inner)
        self._root = node
        depth = 0
        while isinstance(node, Inner):
            nibble = _nibble(key, depth)
            path.append((node, nibble))
            child = node.branches[nibble]
            if isinstance(child, Inner):
                owned = self._own(child)
                node.branches[nibble] = owned
                child = owned
            node = child
            depth += 1
        if node is None or node.key != key:
            raise KeyError(key)
        replacement: Node | None = None
        for inner, nibble in reversed(path):
            inner.branches[nibble] = replacement
            left = [branch for branch in inner.branches if branch is not None]
            if inner is self._root:
                if not left:
                    self._root = None
                return
            if not left:
                replacement = None
            elif len(left) == 1 and isinstance(left[0], Leaf):
                replacement = left[0]
            else:
                return


def state_leaf(key: bytes, blob: bytes) -> Leaf:
    """The leaf of a ledger entry."""
    return Leaf(key, blob, half(LEAF_NODE + blob + key))


def transaction_leaf(key: bytes, blob: bytes, meta: bytes) -> Leaf:
    """The leaf of a transaction with its metadata."""
    item = write_length(len(blob)) + blob + write_length(len(meta)) + meta
    return Leaf(key, item, half(TRANSACTION_NODE + item + key))


def transaction_set_hash(items: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The hash of a set of (transaction id, blob) without metadata: what a close is salted with."""
    tree = Tree()
    for key, blob in items:
        tree.put(Leaf(key, blob, half(TRANSACTION_ID + blob)))
    return tree.hash()


class StateMap:
    """The entries of one ledger: a tree of blobs with a bounded cache of decoded entries.

    The cache is shared by all snapshots and checked by the identity of the leaf, so it can never answer for
    another version of an entry.
    """

    __slots__ = ("_decoded", "_tree")

    CACHE_ENTRIES: Final = 50_000

    def __init__(
        self, tree: Tree | None = None, decoded: dict[bytes, tuple[Leaf, Entry]] | None = None
    ) -> None:
        self._tree = Tree() if tree is None else tree
        self._decoded: dict[bytes, tuple[Leaf, Entry]] = {} if decoded is None else decoded

    def snapshot(self) -> "StateMap":
        """The same entries, independent from now on."""
        return StateMap(self._tree.snapshot(), self._decoded)

    def hash(self) -> bytes:
        """`account_hash` of the header."""
        return self._tree.hash()

    def read(self, key: bytes) -> Entry | None:
        """The entry of an index, not to be changed."""
        leaf = self._tree.get(key)
        if leaf is None:
            return None
        cached = self._decoded.get(key)
        if cached is not None and cached[0] is leaf:
            return cached[1]
        entry = Entry.from_blob(key, leaf.blob)
        self._remember(leaf, entry)
        return entry

    def _remember(self, leaf: Leaf, entry: Entry) -> None:
        if len(self._decoded) >= self.CACHE_ENTRIES:
            for stale in list(self._decoded)[: self.CACHE_ENTRIES // 4]:
                del self._decoded[stale]
        self._decoded[leaf.key] = (leaf, entry)

    def exists(self, key: bytes) -> bool:
        """Whether an entry stands at an index."""
        return self._tree.get(key) is not None

    def blob(self, key: bytes) -> bytes | None:
        """The bytes of an entry."""
        leaf = self._tree.get(key)
        return None if leaf is None else leaf.blob

    def put(self, entry: Entry) -> bytes:
        """Insert or replace an entry and return its bytes."""
        blob = entry.blob()
        leaf = state_leaf(entry.key, blob)
        self._tree.put(leaf)
        self._remember(leaf, entry)
        return blob

    def put_blob(self, key: bytes, blob: bytes) -> None:
        """Insert an entry from its bytes without decoding it."""
        self._tree.put(state_leaf(key, blob))

    def remove(self, key: bytes) -> None:
        """Take an entry out.

        Raises:
            KeyError: There is none.
        """
        self._tree.remove(key)
        self._decoded.pop(key, None)

    def after(self, key: bytes) -> bytes | None:
        """The next greater index that holds an entry."""
        leaf = next(self._tree.leaves_after(key), None)
        return None if leaf is None else leaf.key

    def items(self, after: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        """(index, bytes) of all entries in ascending order, or of those behind a marker."""
        leaves = self._tree.leaves() if after is None else self._tree.leaves_after(after)
        return ((leaf.key, leaf.blob) for leaf in leaves)
