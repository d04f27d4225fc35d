"""The tree against a second implementation, written from the definitions of RFC 9162 section 2.1."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.audit import check, merkle
from appliance.audit.merkle import Frontier, Tree, leaf_hash

LEAVES = st.lists(st.binary(max_size=8), max_size=70)


def mth(d: list[bytes]) -> bytes:
    """MTH of section 2.1.1: recursion on k, the largest power of two smaller than n."""
    if not d:
        return hashlib.sha256().digest()
    if len(d) == 1:
        return hashlib.sha256(b"\x00" + d[0]).digest()
    k = largest_power_below(len(d))
    return hashlib.sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: list[bytes]) -> list[bytes]:
    """PATH of section 2.1.3.1."""
    if len(d) == 1:
        return []
    k = largest_power_below(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], b: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1."""
    if m == len(d):
        return [] if b else [mth(d)]
    k = largest_power_below(len(d))
    if m <= k:
        return [*subproof(m, d[:k], b), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def test_the_empty_tree_and_one_leaf_have_the_hashes_of_the_rfc() -> None:
    assert Tree().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Tree([leaf_hash(b"")]).root().hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@settings(max_examples=60, deadline=None)
@given(LEAVES)
def test_roots_at_every_size_agree_with_the_definition(data: list[bytes]) -> None:
    tree, frontier, outsider = Tree(), Frontier(), check.Range()
    for size, leaf in enumerate(data, start=1):
        for each in (tree, frontier):
            each.append(leaf_hash(leaf))
        outsider.add(check.leaf_hash(leaf))
        assert tree.root() == frontier.root() == outsider.root() == mth(data[:size])
    assert all(tree.root(size) == mth(data[:size]) for size in range(len(data) + 1))
    assert tree.frontier().root() == tree.root()


@settings(max_examples=60, deadline=None)
@given(LEAVES.filter(bool), st.data())
def test_inclusion_proofs_agree_with_the_definition_and_verify_for_nothing_else(
    data: list[bytes], draw: st.DataObject
) -> None:
    size = draw.draw(st.integers(1, len(data)))
    index = draw.draw(st.integers(0, size - 1))
    tree = Tree(map(leaf_hash, data))
    proof = tree.inclusion_proof(index, size)
    assert proof == path(index, data[:size])
    leaf, root = leaf_hash(data[index]), tree.root(size)
    assert merkle.root_from_inclusion(leaf, index, size, proof) == root
    assert check.root_of_path(leaf, index, size, proof) == root
    assert merkle.root_from_inclusion(leaf_hash(b"something else"), index, size, proof) != root
    assert merkle.root_from_inclusion(leaf, index, size, [*proof, root]) is None
    if proof:
        assert merkle.root_from_inclusion(leaf, index, size, proof[:-1]) != root


@settings(max_examples=60, deadline=None)
@given(LEAVES.filter(bool), st.data())
def test_consistency_proofs_agree_with_the_definition_and_refuse_another_past(
    data: list[bytes], draw: st.DataObject
) -> None:
    second = draw.draw(st.integers(1, len(data)))
    first = draw.draw(st.integers(1, second))
    tree = Tree(map(leaf_hash, data))
    proof = tree.consistency_proof(first, second)
    assert proof == subproof(first, data[:second], True)
    old, new = tree.root(first), tree.root(second)
    assert merkle.is_consistent(first, second, old, new, proof)
    other = leaf_hash(b"another past")
    assert not merkle.is_consistent(first, second, other, new, proof)
    assert not merkle.is_consistent(first, second, old, other, proof)


@settings(max_examples=60, deadline=None)
@given(LEAVES, st.data())
def test_the_cover_of_a_range_completes_the_tree_around_it(
    data: list[bytes], draw: st.DataObject
) -> None:
    end = draw.draw(st.integers(0, len(data)))
    start = draw.draw(st.integers(0, end))
    tree, outsider = Tree(map(leaf_hash, data)), check.Range()
    for level, node in tree.cover(0, start):
        outsider.add(node, level)
    for leaf in data[start:end]:
        outsider.add(leaf_hash(leaf))
    for level, node in tree.cover(end, len(data)):
        outsider.add(node, level)
    assert outsider.root() == tree.root()
