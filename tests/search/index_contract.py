"""What every index must do. Each implementation inherits this class and says how to make one."""

from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.search.index import Candidate, Index, Point, Vector
from appliance.search.lexical import Sparse
from tests.search.conftest import scope

SIZE = 8
SHARED = (HealthCheck.function_scoped_fixture, HealthCheck.differing_executors)
QUESTION = Sparse((1, 2, 3), (1.0, 2.0, 0.5))


def vector(seed: int) -> Vector:
    values = np.random.default_rng(seed).standard_normal(SIZE).astype(np.float32)
    return np.asarray(values / np.linalg.norm(values), dtype=np.float32)


def point(number: int) -> Point:
    rng = np.random.default_rng(number)
    terms = sorted(rng.choice(12, 4, replace=False).tolist())
    return Point(str(UUID(int=number + 1)), vector(number), Sparse(tuple(terms), tuple(rng.random(4).tolist())))


def seen(index: Index, *labels: str, **options: object) -> list[Candidate]:
    return index.search(scope(*labels), vector(999), QUESTION, 5, **options)  # type: ignore[arg-type]


def exact(found: list[Candidate]) -> list[tuple[str, str, str]]:
    """Candidates with their scores to the last bit."""
    return [(c.id, c.dense.hex(), c.lexical.hex()) for c in found]


class IndexContract:
    """Inherit, and give a fixture `index` that is empty, of `SIZE` dimensions."""

    @pytest.fixture
    def index(self) -> Index:
        raise NotImplementedError

    def test_a_point_comes_back_with_both_scores(self, index: Index) -> None:
        index.put("v1", "open", "ward", [point(1)])
        (found,) = index.search(scope("open"), vector(1), point(1).sparse, 5)
        assert (found.id, found.version, found.label) == (point(1).id, "v1", "open")
        assert found.dense == pytest.approx(1, abs=1e-6)
        assert found.lexical == pytest.approx(sum(v * v for v in point(1).sparse.values), rel=1e-6)

    def test_a_version_told_apart_is_found_under_its_new_label_alone_with_the_same_scores(self, index: Index) -> None:
        index.put("v1", "open", "ward", [point(1), point(2)])
        index.put("v2", "open", "ward", [point(3)])
        before = {c.id: (c.dense, c.lexical) for c in seen(index, "open")}
        index.relabel("v1", "closed")
        index.flush()
        assert {c.id for c in seen(index, "open")} == {point(3).id}
        assert {c.id: (c.dense, c.lexical) for c in seen(index, "open", "closed")} == before
        assert {c.label for c in seen(index, "closed")} == {"closed"}
        assert index.ids("v1") == {point(1).id, point(2).id}
        index.relabel("missing", "closed")

    def test_scores_are_those_of_plain_arithmetic(self, index: Index) -> None:
        points = [point(n) for n in range(60)]
        index.put("v1", "open", "ward", points)
        found = seen(index, "open")
        dense = sorted(points, key=lambda p: -float(p.dense @ vector(999)))[:5]
        lexical = sorted(points, key=lambda p: -p.sparse.dot(QUESTION))[:5]
        assert {c.id for c in found} == {p.id for p in (*dense, *lexical)}

    def test_nothing_is_found_without_a_label(self, index: Index) -> None:
        index.put("v1", "open", "ward", [point(1)])
        assert seen(index) == []
        assert seen(index, "other") == []

    def test_a_scope_without_a_collection_finds_nothing(self, index: Index) -> None:
        index.put("v1", "open", "ward", [point(1)])
        assert index.search(scope("open", collections=()), vector(1), QUESTION, 5) == []

    def test_a_search_narrowed_to_a_collection_finds_nothing_of_another(self, index: Index) -> None:
        index.put("v1", "open", "ward", [point(1)])
        index.put("v2", "open", "vault", [point(2)])
        found = index.search(scope("open"), vector(1), QUESTION, 5, collections=frozenset({"ward"}))
        assert {each.version for each in found} == {"v1"}

    def test_asking_for_a_collection_outside_the_scope_finds_nothing(self, index: Index) -> None:
        index.put("v1", "open", "vault", [point(1)])
        narrow = scope("open", collections=("ward",))
        assert index.search(narrow, vector(1), QUESTION, 5, collections=frozenset({"vault"})) == []

    def test_a_search_cannot_be_made_without_a_scope(self, index: Index) -> None:
        with pytest.raises(TypeError):
            index.search(dense=vector(1), sparse=QUESTION, depth=5)  # type: ignore[call-arg]

    @settings(max_examples=15, deadline=None, suppress_health_check=SHARED)
    @given(hidden=st.lists(st.integers(100, 400), max_size=40, unique=True))
    def test_documents_outside_the_scope_change_no_score_and_no_order(self, index: Index, hidden: list[int]) -> None:
        index.delete("secret")
        index.put("v1", "open", "ward", [point(n) for n in range(30)])
        before = exact(seen(index, "open"))
        index.put("secret", "closed", "vault", [point(n) for n in hidden])
        assert exact(seen(index, "open")) == before

    def test_hidden_versions_are_not_seen_and_change_nothing(self, index: Index) -> None:
        index.put("v1", "open", "ward", [point(n) for n in range(30)])
        before = exact(seen(index, "open"))
        index.put("v2", "open", "ward", [point(n) for n in range(30, 90)])
        assert exact(seen(index, "open", hidden=frozenset({"v2"}))) == before
        assert exact(seen(index, "open")) != before

    def test_narrowing_to_versions_leaves_those_and_changes_no_score(self, index: Index) -> None:
        index.put("v1", "open", "ward", [point(n) for n in range(30)])
        before = exact(seen(index, "open"))
        index.put("v2", "open", "ward", [point(n) for n in range(30, 90)])
        assert exact(seen(index, "open", versions=frozenset({"v1"}))) == before
        assert seen(index, "open", versions=frozenset()) == []
        assert seen(index, "other", versions=frozenset({"v1"})) == [], "narrowing opens nothing"

    def test_hidden_documents_do_not_push_readable_ones_out_of_the_depth(self, index: Index) -> None:
        best = vector(999)
        index.put("secret", "closed", "vault", [Point(str(UUID(int=n)), best, QUESTION) for n in range(1, 200)])
        index.put("v1", "open", "ward", [point(500)])
        assert [c.id for c in seen(index, "open")] == [point(500).id]

    def test_putting_twice_changes_nothing(self, index: Index) -> None:
        for _ in range(2):
            index.put("v1", "open", "ward", [point(n) for n in range(7)])
        assert index.count() == 7

    def test_delete_removes_one_version_and_no_other(self, index: Index) -> None:
        index.put("v1", "open", "ward", [point(1), point(2)])
        index.put("v2", "open", "ward", [point(3)])
        index.delete("v1")
        index.delete("never there")
        assert index.ids() == index.ids("v2") == {point(3).id}

    def test_the_vectors_of_one_version_come_back_as_they_were_put(self, index: Index) -> None:
        points = [point(number) for number in range(5)]
        index.put("v1", "open", "ward", points[:3])
        index.put("v2", "open", "ward", points[3:])
        found = index.vectors("v1")
        assert found.keys() == {each.id for each in points[:3]}
        assert all(np.array_equal(found[each.id], each.dense) for each in points[:3])
        assert index.vectors("v3") == {}

    def test_remove_takes_single_points_away(self, index: Index) -> None:
        index.put("v1", "open", "ward", [point(1), point(2)])
        index.remove([])
        index.remove([point(1).id])
        assert index.ids("v1") == {point(2).id}

    def test_a_question_without_known_terms_still_finds_by_vector(self, index: Index) -> None:
        index.put("v1", "open", "ward", [point(1)])
        (found,) = index.search(scope("open"), vector(1), Sparse((), ()), 5)
        assert found.lexical == 0
