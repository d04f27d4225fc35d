"""Chunks: what they hold, where it came from, and that it never changes."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.documents.document import Word
from appliance.redaction.findings import RedactedBlock, RedactedDocument, RedactedEntity, ScreenedDocument
from appliance.search.chunk import Chunk
from appliance.search.chunking import chunk, estimate_tokens, expected

SPACED = "[DATE:aa bb. cc]"
SENTENCE = "The ward keeps a record of every dose that was given during the night. "


def document(*blocks: RedactedBlock, flagged: frozenset[int] = frozenset()) -> ScreenedDocument:
    return ScreenedDocument(RedactedDocument("pdf", "Protocol", (), blocks, "strict", "digest", {}), flagged)


def paragraph(text: str, section: tuple[int, ...] = (), page: int = 1) -> RedactedBlock:
    return RedactedBlock(page, "paragraph", text, section)


def heading(text: str, section: tuple[int, ...] = ()) -> RedactedBlock:
    return RedactedBlock(1, "heading", text, section)


def row(number: int, text: str, header: bool = False, page: int = 1) -> RedactedBlock:
    return RedactedBlock(page, "table_row", text, table=0, row=number, header_row=header)


words = st.text(alphabet="abc XYZ.,;:|-0123456789\n\t\u00e9\u4e2d\U0001f600", min_size=0, max_size=400)
blocks = st.lists(
    st.builds(
        RedactedBlock,
        page=st.integers(1, 3),
        kind=st.sampled_from(["heading", "paragraph", "list_item", "table_row", "header", "footer", "note"]),
        text=words,
        table=st.sampled_from([None, None, 0, 1]),
        header_row=st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=120, deadline=None)
@given(blocks, st.integers(5, 80))
def test_every_span_is_the_very_text_of_its_block(made: list[RedactedBlock], tokens: int) -> None:
    for piece in chunk(document(*made), "v", tokens=tokens):
        for span in piece.spans:
            assert piece.text[span.start : span.end] in made[span.block].text
            assert piece.text[span.start : span.end].strip()
            assert made[span.block].page == span.page
        ends = [(span.start, span.end) for span in piece.spans]
        assert ends == sorted(ends)
        assert all(a[1] <= b[0] for a, b in pairwise(ends))


@settings(max_examples=120, deadline=None)
@given(blocks, st.integers(5, 80))
def test_no_word_of_the_body_is_lost_and_none_is_mapped_twice(made: list[RedactedBlock], tokens: int) -> None:
    found: dict[int, str] = {}
    for piece in chunk(document(*made), "v", tokens=tokens):
        for span in piece.spans:
            found[span.block] = found.get(span.block, "") + piece.text[span.start : span.end]
    for index, block in enumerate(made):
        if block.kind not in ("header", "footer"):
            assert "".join(found.get(index, "").split()) == "".join(block.text.split())


@settings(max_examples=60, deadline=None)
@given(blocks)
def test_the_same_document_gives_the_same_ids_and_another_version_gives_others(made: list[RedactedBlock]) -> None:
    first, second = chunk(document(*made), "v1"), chunk(document(*made), "v1")
    assert first == second
    ids = {piece.id for piece in first}
    assert len(ids) == len(first)
    assert ids.isdisjoint(piece.id for piece in chunk(document(*made), "v2"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["dose", "[PERSON:k7f2m4qa]", "of", "Dr. X;", "12.5 mg.", SPACED]), max_size=80))
def test_no_cut_falls_inside_a_surrogate(pieces: list[str]) -> None:
    text, entities = "", []
    for piece in pieces:
        if piece.startswith("["):
            entities.append(RedactedEntity(len(text), len(text) + len(piece), "X", piece))
        text += piece + " "
    block = RedactedBlock(1, "paragraph", text, entities=tuple(entities))
    assert sum(piece.text.count(SPACED) for piece in chunk(document(block), "v", tokens=12)) == text.count(SPACED)


def test_chunks_stay_within_the_limit_and_are_of_about_equal_size() -> None:
    sizes = [estimate_tokens(piece.text) for piece in chunk(document(paragraph(SENTENCE * 40)), "v", tokens=200)]
    assert max(sizes) <= 200
    assert min(sizes) > 120


def test_a_word_of_ten_thousand_letters_is_cut_and_kept() -> None:
    made = chunk(document(paragraph("x" * 10_000)), "v")
    assert sum(len(piece.text) for piece in made) == 10_000
    assert len(made) > 1


def test_a_chunk_does_not_cross_sections_and_names_its_heading_path() -> None:
    made = chunk(
        document(
            heading("Drugs"),
            heading("Warfarin", (0,)),
            paragraph(SENTENCE * 3, (0, 1)),
            heading("Heparin", (0,)),
            paragraph(SENTENCE * 3, (0, 3)),
        ),
        "v",
    )
    assert [piece.section for piece in made] == [("Drugs", "Warfarin"), ("Drugs", "Heparin")]
    assert made[0].text.startswith("Drugs\nWarfarin\n")
    assert made[1].text.startswith("Heparin\n")


def test_a_tiny_section_joins_the_next_one_under_what_both_stand_under() -> None:
    made = chunk(
        document(
            heading("A"),
            heading("B", (0,)),
            paragraph("None.", (0, 1)),
            heading("C", (0,)),
            paragraph(SENTENCE * 3, (0, 3)),
        ),
        "v",
    )
    assert [piece.section for piece in made] == [("A",)]


def test_a_list_stays_with_its_lead() -> None:
    items = [RedactedBlock(1, "list_item", f"Step {n}: {SENTENCE.strip()}") for n in range(4)]
    lead = paragraph("Do the following:")
    made = chunk(document(paragraph(SENTENCE * 10), lead, *items), "v", tokens=170)
    assert any(lead.text in piece.text and all(item.text in piece.text for item in items) for piece in made)


def table_of(rows: int) -> tuple[list[RedactedBlock], list[Chunk]]:
    made = [row(0, "Drug | Dose | Route", header=True)]
    made += [row(n, f"Drug {n} | {n}.5 mg twice a day | by mouth", page=1 + n // 30) for n in range(1, rows)]
    return made, chunk(document(*made), "v")


def test_every_chunk_of_a_table_begins_with_its_header_row() -> None:
    _, made = table_of(60)
    assert len(made) > 2
    assert all(piece.kind == "table" and piece.text.startswith("Drug | Dose | Route\n") for piece in made)


def test_a_repeated_header_row_does_not_claim_a_place_on_the_page() -> None:
    _, made = table_of(60)
    assert made[0].spans[0].block == 0
    assert all(span.block != 0 for piece in made[1:] for span in piece.spans)
    assert made[-1].pages == (2,)


def test_rows_are_not_cut_in_two() -> None:
    rows, made = table_of(60)
    assert all(any(block.text in piece.text for piece in made) for block in rows)


def test_a_flagged_block_flags_its_chunk_and_no_other() -> None:
    made = chunk(document(paragraph(SENTENCE * 12), paragraph(SENTENCE * 12), flagged=frozenset({1})), "v")
    assert [piece.flagged for piece in made] == [any(s.block == 1 for s in piece.spans) for piece in made]
    assert {piece.flagged for piece in made} == {True, False}


def test_what_is_printed_on_every_page_is_kept_once() -> None:
    made = chunk(
        document(*(RedactedBlock(n, kind, text) for n in (1, 2, 3) for kind, text in
                   (("header", "City Hospital"), ("paragraph", SENTENCE * 3), ("footer", f"Page {n} of 3")))),
        "v",
    )  # fmt: skip
    everything = "\n".join(piece.text for piece in made)
    assert everything.count("City Hospital") == 1
    assert everything.count("Page ") == 1


def test_the_boxes_of_words_are_those_of_the_words_shown() -> None:
    text = SENTENCE * 10
    places = [(start, start + len(word)) for word, start in _words(text)]
    block = RedactedBlock(2, "paragraph", text, words=tuple(Word(a, b, (a, 0.0, b, 9.0)) for a, b in places))
    made = chunk(document(block), "v", tokens=60)
    for piece in made:
        for x0, _, x1, _, start, end in (box for span in piece.spans for box in span.boxes):
            assert piece.text[start:end] == text[int(x0) : int(x1)]
    assert sum(len(span.boxes) for piece in made for span in piece.spans) == len(places)


def test_an_empty_document_has_no_chunk() -> None:
    assert chunk(document(), "v") == []
    assert chunk(document(paragraph("  \n ")), "v") == []


def _words(text: str) -> list[tuple[str, int]]:
    found, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        found.append((word, at))
        at += len(word)
    return found


def test_a_page_that_changes_in_a_long_section_leaves_the_chunks_of_other_pages() -> None:
    pages = [paragraph(f"Page {n}. " + f"{SENTENCE} Bed {n}. " * 40, page=n) for n in range(1, 7)]
    before = [piece.text for piece in chunk(document(*pages), "v")]
    pages[2] = paragraph("Page 3. " + f"{SENTENCE} Changed. " * 47, page=3)
    after = [piece.text for piece in chunk(document(*pages), "v")]
    assert {text for text in before if "Bed 3" not in text} <= set(after)


def test_what_is_expected_of_the_first_pages_comes_out_in_the_end() -> None:
    pages = [paragraph(f"{SENTENCE} Bed {n}. ", page=1 + n // 30) for n in range(150)]
    final = {piece.text for piece in chunk(document(*pages), "v")}
    for seen in range(1, 151, 7):
        part = document(*pages[:seen]).document
        assert {piece.text for piece in expected(part, whole=False)} <= final
    assert {piece.text for piece in expected(document(*pages).document, whole=True)} == final


def test_chunks_do_not_depend_on_the_letters_of_a_surrogate() -> None:
    said = [paragraph(f"{SENTENCE} [PERSON:abcdefgh] and [ID:kkkkmmmm] agree on {n}.") for n in range(60)]
    other = [replace(each, text=each.text.replace("abcdefgh", "2bcdefgh").replace("kkkk", "7kk7")) for each in said]
    one, two = ([len(piece.text) for piece in chunk(document(*blocks), "v")] for blocks in (said, other))
    assert one == two
