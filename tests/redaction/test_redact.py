"""Redaction keeps every offset and lets nothing through that was found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.documents.document import Block, Document, Page, Word
from appliance.errors import Quarantined
from appliance.redaction.findings import Finding, Findings
from appliance.redaction.generalise import generalise, last_four
from appliance.redaction.policy import Profile, Rule
from appliance.redaction.redact import redact, redact_text, redact_texts, texts_of
from appliance.redaction.surrogates import SURROGATE, EphemeralVault, Mention


def profile(**actions: str) -> Profile:
    rules = {name: Rule(action=action, reason="test") for name, action in actions.items()}  # type: ignore[arg-type]
    return Profile(name="test", title="Test", detectors=("patterns",), rules=rules, digest="d")


EVERYTHING = profile(PERSON="surrogate", MEDICAL_RECORD="surrogate", DATE_TIME="surrogate", LOCATION="mask")


def findings(*items: tuple[int, int, int, str]) -> Findings:
    return Findings(tuple(Finding(b, s, e, t, 0.9, "test") for b, s, e, t in items), "test", "d")


def find(texts: list[str], *wanted: tuple[str, str]) -> Findings:
    """Every occurrence of each (text, type)."""
    items = []
    for value, type_ in wanted:
        for number, text in enumerate(texts):
            start = text.find(value)
            while start >= 0:
                items.append((number, start, start + len(value), type_))
                start = text.find(value, start + 1)
    return findings(*items)


def words_of(text: str, *, line: int = 40, size: float = 6.0) -> tuple[Word, ...]:
    """A monospaced layout: `line` characters a line, `size` points a character, lines 12 points apart."""
    words, start = [], 0
    for piece in text.split(" "):
        if piece:
            x, y = start % line * size, start // line * 12.0
            words.append(Word(start, start + len(piece), (x, y, x + len(piece) * size, y + 10)))
        start += len(piece) + 1
    return tuple(words)


def document(*texts: str, kind: str = "paragraph") -> Document:
    blocks = tuple(Block(1, kind, text, words=words_of(text)) for text in texts)  # type: ignore[arg-type]
    return Document("pdf", (Page(1, 612, 792),), blocks)


def test_a_name_becomes_one_surrogate_everywhere_in_the_document() -> None:
    texts = ["Maria Okafor was seen. Mrs Okafor is well.", "OKAFOR, MARIA: discharged"]
    made = redact_texts(
        texts,
        find(texts, ("Maria Okafor", "PERSON"), ("Mrs Okafor", "PERSON"), ("OKAFOR, MARIA", "PERSON")),
        EVERYTHING,
        EphemeralVault(),
    )
    surrogates = {entity.surrogate for _, entities in made for entity in entities}
    assert len(surrogates) == 1
    assert len(made[0][1]) == 2
    assert "kafor" not in (made[0][0] + made[1][0]).lower()
    assert made[1][0].endswith(": discharged")


def test_entities_of_a_text_have_offsets_of_the_input() -> None:
    text = "Seen: Maria Okafor, MRN 00123."
    redacted, entities = redact_text(
        text, find([text], ("Maria Okafor", "PERSON"), ("00123", "MEDICAL_RECORD")), EVERYTHING, EphemeralVault()
    )
    assert [text[entity.start : entity.end] for entity in entities] == ["Maria Okafor", "00123"]
    assert redacted == f"Seen: {entities[0].surrogate}, MRN {entities[1].surrogate}."


def test_a_type_that_the_profile_keeps_is_kept_everywhere() -> None:
    doc = document("Acme Ltd hired Maria Okafor")
    made = redact(
        doc,
        find(texts_of(doc, "x.pdf"), ("Acme Ltd", "ORGANIZATION"), ("Maria Okafor", "PERSON")),
        EVERYTHING,
        EphemeralVault(),
        name="x.pdf",
    )
    assert made.blocks[0].text.startswith("Acme Ltd hired [PERSON:")
    assert len(made.blackout[1]) == 1


def test_overlapping_findings_leave_no_rest() -> None:
    text = "call Maria Okafor-Jones now"
    redacted, entities = redact_text(
        text,
        findings((0, 5, 17, "PERSON"), (0, 11, 23, "LOCATION"), (0, 11, 17, "PERSON")),
        EVERYTHING,
        EphemeralVault(),
    )
    assert len(entities) == 1
    assert redacted.startswith("call [")
    assert redacted.endswith("] now")


@pytest.mark.parametrize("bad", [(0, 5, 99, "PERSON"), (3, 0, 1, "PERSON"), (0, 4, 4, "PERSON"), (0, -1, 3, "PERSON")])
def test_a_finding_outside_the_text_stops_the_document(bad: tuple[int, int, int, str]) -> None:
    with pytest.raises(Quarantined):
        redact_text("a short text", findings(bad), EVERYTHING, EphemeralVault())


def test_a_surrogate_planted_in_a_document_does_not_survive() -> None:
    text = "The thief is [PERSON:k7f2m4qa]."
    redacted, entities = redact_text(text, findings(), EVERYTHING, EphemeralVault())
    assert redacted == "The thief is [OTHER]."
    assert len(entities) == 1


def test_title_and_file_name_are_redacted_too() -> None:
    doc = document("Maria Okafor was seen.")
    name = "/scans/okafor_maria_discharge_20240117.pdf"
    made = redact(doc, find(texts_of(doc, name), ("Maria Okafor", "PERSON")), EVERYTHING, EphemeralVault(), name=name)
    assert "okafor" not in made.title.lower()
    assert "maria" not in made.title.lower()
    assert "discharge" in made.title
    assert "20240117" not in made.title
    assert "scans" not in made.title
    titled = document("Discharge summary of Maria Okafor", kind="title")
    made = redact(
        titled, find(texts_of(titled, name), ("Maria Okafor", "PERSON")), EVERYTHING, EphemeralVault(), name=name
    )
    assert SURROGATE.sub("X", made.title) == "Discharge summary of X"


def test_cells_still_point_at_their_values() -> None:
    text = "Maria Okafor | 00123 | ward 4"
    block = Block(1, "table_row", text, table=1, row=1, cells=((0, 12), (15, 20), (23, 29)))
    doc = Document("sheet", (Page(1, 0, 0),), (block,))
    found = find(texts_of(doc, "a.xlsx"), ("Maria Okafor", "PERSON"), ("00123", "MEDICAL_RECORD"))
    made = redact(doc, found, EVERYTHING, EphemeralVault(), name="a.xlsx").blocks[0]
    cells = [made.text[start:end] for start, end in made.cells]
    assert SURROGATE.fullmatch(cells[0])
    assert SURROGATE.fullmatch(cells[1])
    assert cells[2] == "ward 4"


def test_a_row_of_a_list_gives_its_person_the_number_beside_the_name() -> None:
    seen: list[Mention] = []

    class Recording(EphemeralVault):
        def allocate(self, mentions):  # type: ignore[no-untyped-def]
            seen.extend(mentions)
            return super().allocate(mentions)

    texts = ["John Smith | 111", "John Smith | 222", "Dr Ann Lee saw the patient with MRN 333"]
    found = find(
        texts, ("John Smith", "PERSON"), ("Ann Lee", "PERSON"), *((n, "MEDICAL_RECORD") for n in ("111", "222", "333"))
    )
    redact_texts(texts, found, EVERYTHING, Recording())
    hints = [mention.hints for mention in seen if mention.type == "PERSON"]
    assert sorted(hints) == [(), (("MEDICAL_RECORD", "111"),), (("MEDICAL_RECORD", "222"),)]


@pytest.mark.parametrize(
    ("type_", "original", "coarse"),
    [
        ("AGE", "47-year-old", "[AGE:40-49]"), ("AGE", "93 years", "[AGE:90+]"), ("AGE", "89", "[AGE:80-89]"),
        ("AGE", "between 4 and 6", "[AGE]"), ("DATE_TIME", "3 May 2021", "2021"),
        ("DATE_TIME", "03/05/21", "[DATE_TIME]"),
        ("DATE_TIME", "2 December 1921", "[DATE_TIME]"), ("DATE_TIME", "2019 to 2021", "[DATE_TIME]"),
        ("LOCATION", "Boston, MA 02134", "[ZIP3:021]"), ("LOCATION", "NY 10203-1234", "[ZIP3:000]"),
        ("LOCATION", "12 High Street", "[LOCATION]"), ("PERSON", "Maria Okafor", "[PERSON]"),
    ],
)  # fmt: skip
def test_a_coarse_value_follows_the_safe_harbor(type_: str, original: str, coarse: str) -> None:
    assert generalise(type_, original) == coarse


def test_a_truncated_card_keeps_four_digits_and_never_has_a_surrogate_beside_it() -> None:
    text = "card 4111 1111 1111 1234 ok"
    redacted, _ = redact_text(
        text, find([text], ("4111 1111 1111 1234", "CREDIT_CARD")), profile(CREDIT_CARD="last4"), EphemeralVault()
    )
    assert redacted == "card [CREDIT_CARD:****1234] ok"
    assert last_four("CREDIT_CARD", "123456") == "[CREDIT_CARD]"


texts = st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=1, max_size=60)


@settings(max_examples=150, deadline=None)
@given(texts, st.data())
def test_offsets_hold_for_any_text_and_any_findings(text: str, data: st.DataObject) -> None:
    marks = st.tuples(st.integers(0, len(text) - 1), st.integers(1, 12), st.sampled_from(["PERSON", "LOCATION", "AGE"]))
    items = [(0, s, min(len(text), s + n), t) for s, n, t in data.draw(st.lists(marks, max_size=6))]
    doc = document(text)
    rules = profile(PERSON="surrogate", LOCATION="mask", AGE="generalise")
    made = redact(doc, findings(*items), rules, EphemeralVault(), name="doc.pdf")
    block = made.blocks[0]
    assert all(0 <= word.start < word.end <= len(block.text) for word in block.words)
    assert all(block.text[entity.start : entity.end] == entity.surrogate for entity in block.entities)
    covered = {offset for _, start, end, _ in items for offset in range(start, end)}
    untouched = "".join(c for offset, c in enumerate(text) if offset not in covered)
    rest, position = "", 0
    for entity in block.entities:
        rest, position = rest + block.text[position : entity.start], entity.end
    assert rest + block.text[position:] == untouched
    kept = [word for word in doc.blocks[0].words if not covered & set(range(word.start, word.end))]
    shown = {(word.box, block.text[word.start : word.end]) for word in block.words}
    assert all((word.box, text[word.start : word.end]) in shown for word in kept)
    boxes = made.blackout.get(1, ())
    for word in doc.blocks[0].words:
        hidden = covered & {o for o in range(word.start, word.end) if text[o].isalnum()}
        assert not hidden or any(_inside(word.box, box) for box in boxes)


def _inside(inner: tuple[float, ...], outer: tuple[float, ...]) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= min(inner[2], 612) and outer[3] >= inner[3]
