"""The Merkle tree of RFC 9162 section 2.1: SHA-256, leaf prefix 0x00, node prefix 0x01.

`Tree` keeps the hash of every complete subtree (64 bytes a record), so that appending costs two hashes
on average and a root or a proof at any size costs a logarithm. It does no I/O and knows no records:
callers hash the exact bytes that they stored with `leaf_hash`.
"""

import hashlib
from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 || data), 32 bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right), 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The few complete subtrees that cover a tree: enough to append and to know the root, not to prove."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)

    def copy(self) -> "Frontier":
        """A frontier to go on with, leaving this one as it is."""
        return Frontier(self.size, self._peaks)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        count = self.size
        while count % 2 == 1:
            leaf, count = node_hash(self._peaks.pop(), leaf), count // 2
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


class Tree:
    """An append-only tree over leaf hashes. Not thread-safe: its owner locks it."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[bytearray] = [bytearray()]
        for leaf in leaves:
            self.append(leaf)

    def first(self, size: int) -> "Tree":
        """A tree of the first `size` leaves."""
        self._check(0 <= size <= self.size)
        return Tree(self.leaf(index) for index in range(size))

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0]) // HASH_BYTES

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        level, count, node = 0, self.size + 1, leaf
        self._levels[0] += leaf
        while count % 2 == 0:
            node = node_hash(bytes(self._levels[level][-2 * HASH_BYTES : -HASH_BYTES]), node)
            level, count = level + 1, count // 2
            if level == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level] += node

    def leaf(self, index: int) -> bytes:
        """The leaf hash at `index`."""
        self._check(index < self.size and index >= 0)
        return self._complete(0, index)

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves, all of them by default."""
        size = self.size if size is None else size
        self._check(0 <= size <= self.size)
        return self.subtree(0, size) if size else EMPTY_ROOT

    def subtree(self, start: int, end: int) -> bytes:
        """MTH(D[start:end]) where `start` is a multiple of the power of two that reaches `end - start`."""
        width = end - start
        level = (width - 1).bit_length()
        if width == 1 << level:
            return self._complete(level, start >> level)
        middle = start + (1 << (level - 1))
        return node_hash(self.subtree(start, middle), self.subtree(middle, end))

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """PATH(index, D[:size]) of RFC 9162 section 2.1.3.1, from the leaf's sibling upwards."""
        size = self.size if size is None else size
        self._check(0 <= index < size <= self.size)
        path: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self.subtree(middle, end))
                end = middle
            else:
                path.append(self.subtree(start, middle))
                start = middle
        return path[::-1]

    def consistency_proof(self, first: int, second: int | None = None) -> list[bytes]:
        """PROOF(first, D[:second]) of RFC 9162 section 2.1.4.1: that `first` is a prefix of `second`."""
        second = self.size if second is None else second
        self._check(0 < first <= second <= self.size)
        path: list[bytes] = []
        start, end, whole = 0, second, True
        while first < end:
            middle = start + _split(end - start)
            if first <= middle:
                path.append(self.subtree(middle, end))
                end = middle
            else:
                path.append(self.subtree(start, middle))
                start, whole = middle, False
        if not whole:
            path.append(self.subtree(start, end))
        return path[::-1]

    def frontier(self) -> Frontier:
        """The frontier of the whole tree."""
        return Frontier(self.size, (node for _, node in self.cover(0, self.size)))

    def cover(self, start: int, end: int) -> list[tuple[int, bytes]]:
        """The fewest complete subtrees that tile leaves `start:end`, left to right, as (level, hash)."""
        self._check(0 <= start <= end <= self.size)
        tiles: list[tuple[int, bytes]] = []
        while start < end:
            aligned = (start & -start).bit_length() - 1 if start else 64
            level = min(aligned, (end - start).bit_length() - 1)
            tiles.append((level, self._complete(level, start >> level)))
            start += 1 << level
        return tiles

    def _complete(self, level: int, position: int) -> bytes:
        return bytes(self._levels[level][position * HASH_BYTES : (position + 1) * HASH_BYTES])

    @staticmethod
    def _check(inside: bool) -> None:
        if not inside:
            raise IndexError("outside the tree")


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that `path` leads to from `leaf` (RFC 9162 section 2.1.3.2); None when it cannot be a path."""
    if not 0 <= index < size:
        return None
    node, last, result = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if node % 2 == 1 or node == last:
            result = node_hash(sibling, result)
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        node, last = node >> 1, last >> 1
    return result if last == 0 else None


def is_consistent(first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Does `path` prove that the tree of `first` leaves is a prefix of that of `second` (section 2.1.4.2)?"""
    if first == second:
        return not path and first_root == second_root
    if not 0 < first < second or not path:
        return False
    hashes = list(path) if first & (first - 1) else [first_root, *path]
    node, last = first - 1, second - 1
    while node % 2 == 1:
        node, last = node >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if node % 2 == 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return old == first_root and new == second_root and last == 0


def _split(width: int) -> int:
    return 1 << ((width - 1).bit_length() - 1)
