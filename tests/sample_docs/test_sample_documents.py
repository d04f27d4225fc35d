"""The documents: made the same every time, in every format, lifelike, and nothing in them unrecorded."""

import re
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest

SECTORS = ("hospital", "bank", "defence")
FORMATS = {".pdf", ".docx", ".xlsx", ".pptx", ".eml", ".html", ".csv", ".md"}
NO_NAMES = ("Parkinson's disease", "Parkinson's", "Foley catheter", "Moody's")


def test_a_second_run_writes_the_same_bytes(samples, tmp_path):
    subprocess.run([sys.executable, str(samples / "generate.py"), "--out", str(tmp_path)], check=True, timeout=120)
    made = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    committed = {
        p.relative_to(samples): p.read_bytes() for s in SECTORS for p in (samples / s).iterdir()
    } | {Path("ground_truth.json"): (samples / "ground_truth.json").read_bytes()}
    assert sorted(made) == sorted(committed)
    assert [str(p) for p in made if made[p] != committed[p]] == []


def test_the_ground_truth_lists_exactly_the_documents_that_are_there(samples, truth):
    for sector in SECTORS:
        there = sorted(f"{sector}/{p.name}" for p in (samples / sector).iterdir())
        assert truth["collections"][sector]["documents"] == there
        assert len(there) >= 11


def test_each_sector_has_every_format_a_scan_and_a_document_of_more_than_five_pages(samples, truth):
    for sector in SECTORS:
        paths = [samples / d for d in truth["collections"][sector]["documents"]]
        assert {p.suffix for p in paths} == FORMATS
        pdfs = {p: pypdfium2.PdfDocument(p) for p in paths if p.suffix == ".pdf"}
        assert max(len(d) for d in pdfs.values()) > 5
        scans = [p for p, d in pdfs.items() if not any(page.get_textpage().get_text_range().strip() for page in d)]
        assert len(scans) == 1
        assert scans[0].stat().st_size < 400_000


def test_all_documents_together_are_small(samples):
    assert sum(p.stat().st_size for s in SECTORS for p in (samples / s).iterdir()) < 4_000_000


def test_every_recorded_identifier_stands_on_its_page_as_often_as_recorded(truth, pages_of):
    missing = []
    for item in truth["identifiers"]:
        path, value = item["document"], item["value"]
        if path.endswith("-scan.pdf"):
            continue
        text = pages_of(path)[item["page"]] + (Path(path).name if item["page"] == 0 else "")
        if text.count(value) < item["count"]:
            missing.append((path, item["page"], value))
    assert missing == []


def _left_over(text: str, planted: list[str]) -> str:
    for value in sorted([*planted, *NO_NAMES], key=len, reverse=True):
        text = text.replace(value, "\u25a0")
    return text


UNRECORDED = {
    "mail address": r"[\w.]+@[\w.]+",
    "address of a page": r"https?://",
    "IP address": r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b",
    "SSN": r"\b\d{3}-\d{2}-\d{4}\b",
    "telephone": r"\(\d{3}\) \d{3}-\d{4}|\+\d{1,3} \d",
    "IBAN": r"\b[A-Z]{2}\d{2}[A-Z]{4}\d{6}",
    "card": r"\b\d{4} \d{4} \d{4} \d{4}\b",
    "MRN": r"\bHG-\d{7}\b",
    "date": r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{2}/\d{4}\b|\b20[12]\d\b"
    r"|\b\d{1,2} (January|February|March|April|May|June|July|August|September|October|November|December)\b",
    "age": r"year-old",
}


@pytest.mark.parametrize("kind", UNRECORDED)
def test_no_document_holds_an_identifier_that_is_not_recorded(kind, truth, pages_of):
    found = []
    for path in {i["document"] for i in truth["identifiers"]}:
        for number, text in enumerate(pages_of(path)):
            planted = [i["value"] for i in truth["identifiers"] if i["document"] == path and i["page"] == number]
            if match := re.search(UNRECORDED[kind], _left_over(text, planted)):
                found.append((path, number, match.group()))
    assert found == []


def test_no_document_holds_a_name_that_is_not_recorded(truth, pages_of):
    names = {w for i in truth["identifiers"] if i["field"] == "name" for w in re.findall(r"[A-Z][\w-]{4,}", i["value"])}
    found = []
    for path in {i["document"] for i in truth["identifiers"]}:
        for number, text in enumerate(pages_of(path)):
            planted = [i["value"] for i in truth["identifiers"] if i["document"] == path and i["page"] == number]
            rest = set(re.findall(r"[\w-]+", _left_over(text, planted)))
            found += [(path, number, w) for w in names & rest if w not in {"Nurse", "Sister"}]
    assert found == []


def test_the_recogniser_reads_the_scans(samples, truth):
    import numpy
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR(intra_op_num_threads=2)
    for sector in SECTORS:
        (path,) = (d for d in truth["collections"][sector]["documents"] if d.endswith("-scan.pdf"))
        read = ""
        for page in pypdfium2.PdfDocument(samples / path):
            lines, _ = engine(numpy.array(page.render(scale=2.0).to_pil().convert("RGB")))
            read += "".join(line[1] for line in lines or [])
        read = re.sub(r"\W", "", read).lower()
        quotes = [s["quote"] for q in truth["questions"] for s in q["sources"] if s["document"] == path]
        assert quotes
        assert all(re.sub(r"\W", "", quote).lower() in read for quote in quotes)
        planted = [i["value"] for i in truth["identifiers"] if i["document"] == path and i["page"] > 0]
        unread = [v for v in planted if re.sub(r"\W", "", v).lower() not in read]
        assert len(unread) <= len(planted) // 10, unread


def test_check_digits_are_valid(truth):
    for item in truth["identifiers"]:
        bare = item["value"].replace(" ", "")
        if item["type"] == "IBAN_CODE":
            assert int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1, bare
        if item["type"] == "CREDIT_CARD":
            plain, doubled = bare[::-2], bare[-2::-2]
            assert (sum(map(int, plain)) + sum(sum(divmod(2 * int(c), 10)) for c in doubled)) % 10 == 0, bare
        if item["field"] == "nhs":
            assert sum(int(c) * w for c, w in zip(bare, range(10, 0, -1), strict=True)) % 11 == 0, bare


def test_people_are_written_in_several_ways_across_documents(truth):
    for sector in SECTORS:
        spellings: dict[str, set[str]] = {}
        documents: dict[str, set[str]] = {}
        for item in truth["identifiers"]:
            if item["field"] == "name" and item["document"].startswith(sector):
                spellings.setdefault(item["person"], set()).add(item["value"])
                documents.setdefault(item["person"], set()).add(item["document"])
        assert sum(len(s) >= 4 and len(documents[p]) >= 3 for p, s in spellings.items()) >= 3, sector


def test_one_file_name_a_sector_holds_a_persons_name_and_it_is_recorded(truth):
    named = {i["document"] for i in truth["identifiers"] if i["page"] == 0 and i["value"] in i["document"]}
    assert sorted(d.split("/")[0] for d in named) == sorted(SECTORS)
