"""Many texts at once: in order, by one process or two alike."""

import json
from pathlib import Path

import pytest

from appliance.assembly.standalone import _group, redact_many
from appliance.settings import load

PEOPLE = ("Amara Nwosu", "Jiri Dvorak", "Leila Haddad", "Ewan McLeod", "Mei-Ling Zhao")


def test_two_processes_find_what_one_finds_in_the_order_of_the_texts(tmp_path: Path) -> None:
    rows = [{"id": n, "text": f"Dear Dr {PEOPLE[n % 5]}, the call on 0{n}/03/2024 is noted."} for n in range(1, 10)]
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = []
    for workers in (1, 2):
        target = tmp_path / f"out-{workers}.jsonl"
        summary = redact_many(load(tmp_path / "home"), source, target, "strict", workers, print)
        assert summary["documents"] == len(rows)
        lines = [json.loads(line) for line in target.read_text().splitlines()]
        assert [line["id"] for line in lines] == [row["id"] for row in rows]
        assert all(person not in line["text"] for line in lines for person in PEOPLE)
        found.append([[(e["start"], e["end"], e["type"]) for e in line["entities"]] for line in lines])
    assert found[0] == found[1]


@pytest.mark.parametrize(("lengths", "group"), [([1_000] * 50, 8), ([80_000] * 4, 1), ([4_000] * 9, 4), ([], 1)])
def test_long_texts_are_handed_out_alone_and_short_ones_in_groups(lengths: list[int], group: int) -> None:
    assert _group(["x" * length for length in lengths]) == group
