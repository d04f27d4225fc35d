"""The figures of retrieval: the arithmetic, the layout, and a run through the real rooms."""

import json
import math
from pathlib import Path

import pytest

from appliance.errors import Unreadable
from appliance.evaluation.retrieval import evaluate, measures, read
from appliance.search.embedding import open_embedder
from appliance.settings import Settings

TEXTS = {
    "a": "Warfarin is started at 5 mg once a day.",
    "b": "Visitors may come in the afternoon.",
    "c": "The pump is serviced every 200 hours.",
}


def data_set(folder: Path) -> Path:
    (folder / "qrels").mkdir(parents=True)
    corpus = [{"_id": key, "title": "", "text": text} for key, text in TEXTS.items()]
    queries = [{"_id": "q1", "text": "starting dose of warfarin"}, {"_id": "q2", "text": "how often to service a pump"}]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in corpus))
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ta\t1\nq2\tc\t1\nq2\tb\t0\n")
    return folder


def test_measures_are_those_of_the_textbook() -> None:
    figures = measures({"q": ["x", "a", "y", "b"]}, {"q": {"a": 1, "b": 1, "c": 1}, "unanswered": {"a": 1}})
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert figures["ndcg@10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal / 2)
    assert figures["recall@10"] == pytest.approx(2 / 3 / 2)
    assert figures["mrr"] == pytest.approx(1 / 2 / 2)


def test_a_result_beyond_the_tenth_place_counts_for_recall_at_100_only() -> None:
    figures = measures({"q": [*(f"x{n}" for n in range(10)), "a"]}, {"q": {"a": 1}})
    assert (figures["ndcg@10"], figures["recall@10"], figures["recall@100"]) == (0, 0, 1)


def test_a_small_set_is_solved_through_the_real_rooms(tmp_path: Path, packs: Path) -> None:
    settings = Settings(packs=packs, home=tmp_path / "unused")
    figures = evaluate(data_set(tmp_path / "data"), open_embedder(settings), settings)
    assert figures["ndcg@10"] == figures["recall@100"] == figures["mrr"] == 1
    assert figures["documents"] == 3
    assert figures["queries"] == 2
    assert figures["ms_per_query"] > 0
    assert not (tmp_path / "unused").exists()


def test_a_long_document_is_cut_as_at_ingestion_and_counts_once(tmp_path: Path, packs: Path) -> None:
    folder = data_set(tmp_path / "data")
    long = " ".join(f"Line {n} of the rota names the porters of ward {n % 9}." for n in range(90))
    with (folder / "corpus.jsonl").open("a") as file:
        file.write(json.dumps({"_id": "d", "title": "", "text": f"{long}\nThe boiler is descaled in May."}) + "\n")
        file.write(json.dumps({"_id": "e", "title": "", "text": "The kitchen is cleaned on Monday."}) + "\n")
    (folder / "queries.jsonl").open("a").write(json.dumps({"_id": "q3", "text": "when is the boiler descaled"}) + "\n")
    (folder / "qrels" / "test.tsv").open("a").write("q3\td\t1\n")
    assert len(read(folder).corpus["d"]) > 3
    settings = Settings(packs=packs, home=tmp_path / "unused")
    figures = evaluate(folder, open_embedder(settings), settings)
    assert (figures["documents"], figures["mrr"]) == (5, 1)


@pytest.mark.parametrize("broken", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_a_missing_or_broken_file_is_named(tmp_path: Path, broken: str) -> None:
    folder = data_set(tmp_path)
    (folder / broken).write_text('a\tb\n{"text": 1}')
    with pytest.raises(Unreadable, match=broken.split("/")[-1]):
        read(folder)
    (folder / broken).unlink()
    with pytest.raises(Unreadable, match=broken.split("/")[-1]):
        read(folder)


def test_the_development_sets_are_read_whole(shared_data: Path) -> None:
    data = read(shared_data / "retrieval" / "scifact")
    assert (len(data.corpus), len(data.qrels)) == (5183, 300)
