"""Detection finds what identifies, says why, keeps offsets, and gives nothing at all when any part of it fails."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import ApplianceError, Quarantined
from appliance.redaction.deadline import limit
from appliance.redaction.detection import BlockHint, Detector
from appliance.redaction.policy import load_profile, parse_profile
from appliance.redaction.question import QuestionGuard
from appliance.redaction.recognizers.base import ApplianceRecognizer
from appliance.settings import SHIPPED_POLICIES

NOTE = """NAME: KRISHNA, DALAJA   MED REC #: 6863155
ATTENDING: Jesus Mendoza, MD
His wife Delia Krishna can be reached at 989-722-8200 ext. 898.
Dr. Murphy saw Evangelia Jopich for Murphy's sign negative. Give heparin 18 units/kg per hour.
Delia agrees. Seen by J. Mendoza on 26-NOV-1934."""


@pytest.fixture(scope="module")
def detector(packs):
    return Detector.open(packs, threads=2)


@pytest.fixture(scope="module")
def strict():
    return load_profile(SHIPPED_POLICIES, "strict")


def values(findings, texts):
    return [(item.type, texts[item.block][item.start : item.end]) for item in findings.items]


def test_clinical_note_loses_people_and_numbers_and_keeps_the_dose_and_the_sign(detector, strict):
    found = values(detector.find_text(NOTE, strict), [NOTE])
    for expected in [
        ("PERSON", "KRISHNA, DALAJA"),
        ("MEDICAL_RECORD", "6863155"),
        ("PERSON", "Jesus Mendoza"),
        ("PERSON", "Delia Krishna"),
        ("PHONE_NUMBER", "989-722-8200 ext. 898"),
        ("PERSON", "Murphy"),
        ("PERSON", "Evangelia Jopich"),
        ("PERSON", "Delia"),
        ("PERSON", "J. Mendoza"),
        ("DATE_TIME", "26-NOV-1934"),
    ]:
        assert expected in found
    assert len([value for type_, value in found if value == "Murphy"]) == 1
    assert not any("heparin" in value or "18" in value for _, value in found)


PROSE = """Oral vancomycin is given. Call when her glucose is below 250 mg/dL. Ms Haddad wants her mother told.
Coupling disc | Torque | Remark
Tighten the cylinder head bolts in three passes. Lubricate the threads; battery 12 V, 120 Ah.
Estimated GFR | 43 | mL/min/1.73 m2 | Ward 3, General Medicine
Coolant, stock number 6850-01-464-9125. Firstly, Supervisors, check the Unit Maintenance Manual."""


def test_prose_of_ward_and_workshop_loses_its_one_name_and_nothing_else(detector, strict):
    assert values(detector.find_text(PROSE, strict), [PROSE]) == [("PERSON", "Ms Haddad")]


def test_mail_address_behind_the_name_that_it_repeats_is_a_finding_of_its_own(detector, strict):
    text = "Page owner Joyce Stanley, joyce.stanley@depot.calder.mil.example. Reviewed in the depot."
    found = values(detector.find_text(text, strict), [text])
    assert ("PERSON", "Joyce Stanley") in found
    assert ("EMAIL_ADDRESS", "joyce.stanley@depot.calder.mil.example") in found


def test_short_text_is_read_whole_by_both_models(detector, strict, monkeypatch):
    read = []
    real = detector._onnx.find_many
    monkeypatch.setattr(detector._onnx, "find_many", lambda texts: read.extend(texts) or real(texts))
    detector.find_text("Nothing here needs a name.", strict)
    assert read == ["Nothing here needs a name."]


def test_name_of_one_block_is_found_in_every_other_block(detector, strict):
    texts = ["Patient: Ottoline Farquarson", "No change.", "OTTOLINE slept; farquarson's chart is complete."]
    assert ("PERSON", "OTTOLINE") in values(detector.find(texts, strict), texts)


def test_column_header_is_context_for_its_cells(detector, strict):
    texts = ["Name | Ref | Amount", "Zzyzx Qwrtle | 99-12-X7 | 2.50"]
    hints = [
        BlockHint("table_row"),
        BlockHint("table_row", ((0, 12, "Name"), (15, 23, "Case no."), (26, 30, "Everyday account"))),
    ]
    found = values(detector.find(texts, strict, hints=hints), texts)
    assert ("PERSON", "Zzyzx Qwrtle") in found
    assert ("ID", "99-12-X7") in found
    assert not any("2.50" in value for _, value in found)


def test_hidden_characters_inside_identifiers_do_not_save_them_and_offsets_are_of_the_original(detector, strict):
    text = "Card 4111\u200b 1111 \u202e1111 \uff11\uff11\uff11\uff11 and SSN 123\u00ad-45-6789.\x00 Lone \ud800."
    found = values(detector.find_text(text, strict), [text])
    assert ("CREDIT_CARD", "4111\u200b 1111 \u202e1111 \uff11\uff11\uff11\uff11") in found
    assert ("US_SSN", "123\u00ad-45-6789") in found


def test_every_finding_carries_its_evidence(detector, strict):
    for item in detector.find_text(NOTE, strict).items:
        assert item.evidence
        assert any(each.recognizer == item.recognizer and each.reason for each in item.evidence)


def test_no_evidence_quotes_the_document(detector, strict):
    reasons = " ".join(each.reason for item in detector.find_text(NOTE, strict).items for each in item.evidence)
    assert not any(word in reasons for word in ("KRISHNA", "Delia", "6863155", "Mendoza"))


class Broken(ApplianceRecognizer):
    """Fails on every text."""

    NAME, TYPES = "broken", ("ID",)

    def spans(self, text, nlp_artifacts=None):
        raise RuntimeError(f"cannot read {text}")


def test_recognizer_that_fails_quarantines_the_document_without_quoting_it(detector, strict):
    detector.registry.recognizers.append(Broken())
    try:
        with pytest.raises(Quarantined, match="broken") as caught:
            detector.find_text("Patient: Ann Lee", strict)
    finally:
        detector.registry.recognizers.pop()
    assert "Ann" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_name_model_that_fails_quarantines_the_document(detector, strict, monkeypatch):
    def fail(_texts):
        raise ValueError("no")

    monkeypatch.setattr(detector._onnx, "find_many", fail)
    with pytest.raises(Quarantined, match="pii-rampart"):
        detector.find_text("We met Zebulon Quist there.", strict)


def test_missing_pack_is_an_error_and_neither_a_download_nor_an_exit(tmp_path):
    with pytest.raises(ApplianceError):
        Detector.open(tmp_path)


@pytest.mark.parametrize("text", ["", " \n", "\x00\x00", "\ud800", "\u200b" * 50, "a" * 5000, "Aa " * 3000])
def test_odd_text_raises_nothing(detector, strict, text):
    for item in detector.find_text(text, strict).items:
        assert 0 <= item.start < item.end <= len(text)


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_findings_lie_in_their_block_and_never_overlap(detector, strict, texts):
    items = sorted(detector.find(texts, strict).items, key=lambda item: (item.block, item.start))
    for item in items:
        assert 0 <= item.start < item.end <= len(texts[item.block])
    for one, two in itertools.pairwise(items):
        assert one.block < two.block or one.end <= two.start


def test_threads_get_the_same_answer(detector, strict):
    alone = detector.find_text(NOTE, strict)
    with ThreadPoolExecutor(4) as pool:
        assert all(each == alone for each in pool.map(lambda _: detector.find_text(NOTE, strict), range(4)))


def test_safe_harbor_keeps_years_and_ages_under_ninety(detector):
    text = "Admitted on 12/03/2019. In 2018 the man aged 45 was well; his mother is a 93-year-old woman."
    found = values(detector.find_text(text, load_profile(SHIPPED_POLICIES, "hipaa-safe-harbor")), [text])
    assert ("DATE_TIME", "12/03/2019") in found
    assert ("AGE", "93") in found
    assert not any(value in ("2018", "45") for _, value in found)


def test_score_in_the_review_band_is_marked(detector):
    profile = parse_profile(
        b"name: t\ntitle: t\ndetectors: [patterns]\nrules:\n  US_SSN: {action: mask, min_score: 0.1, review: [0.1, 1.0], reason: x}\n",  # noqa: E501
        "t",
    )
    (item,) = detector.find_text("SSN 123-45-6789", profile).items
    assert item.review


def test_spanish_block_is_searched_with_a_warning(detector, strict):
    text = "Nombre: Julio.\nApellidos: Preciados Betanco.\nEl paciente de 72 años fue ingresado en el hospital con dolor y no tuvo fiebre.\nNHC: 2785648."  # noqa: E501
    findings = detector.find_text(text, strict)
    assert ("MEDICAL_RECORD", "2785648") in values(findings, [text])
    assert ("PERSON", "Preciados Betanco") in values(findings, [text])
    assert "language_not_english:es" in findings.warnings


class Sleeping(ApplianceRecognizer):
    NAME = "sleeping"
    TYPES = ("ID",)

    def spans(self, text, nlp_artifacts=None):
        if "zzz" in text:
            time.sleep(30)
        return []


def test_a_recognizer_that_does_not_end_in_time_refuses_the_text_by_name(strict):
    profile = strict.model_copy(update={"detectors": ("patterns",)})
    detector = Detector([Sleeping()], None, None, seconds=0.5)
    started = time.monotonic()
    with pytest.raises(Quarantined, match="sleeping did not end"):
        detector.find_text("What of zzz?", profile)
    assert time.monotonic() - started < 10
    assert detector.find_text("What else?", profile).items == ()


def test_a_question_is_refused_when_a_detector_does_not_end(strict):
    profile = strict.model_copy(update={"detectors": ("patterns",)})
    guard = QuestionGuard(Detector([Sleeping()], None, None, seconds=0.5), None, lambda _: profile)
    with pytest.raises(Quarantined, match="sleeping did not end"):
        guard.guard("What of zzz?", [], allow_identity=False)


class Slow:
    """A name detector that takes long for each window, as on a machine that swaps."""

    name = "pii-rampart"

    def find_many(self, texts):
        time.sleep(20)
        return [[] for _ in texts]


def test_a_name_model_that_does_not_end_refuses_the_text(strict):
    detector = Detector([], None, Slow(), seconds=0.5)
    with pytest.raises(Quarantined, match="pii-rampart did not end"):
        detector.find_text("Grzegorz came.", strict.model_copy(update={"detectors": ("pii-rampart",)}))


def test_long_texts_get_more_time():
    assert limit(60, 10) == limit(60, 20_000) == 60
    assert limit(60, 7_000_000) == 60 * 350


def test_a_long_text_read_in_runs_is_found_in_as_if_it_were_one(detector, strict, monkeypatch):
    texts = [f"{NOTE}\nBed {n} was made by Orla Quimby; the pump of Delia ran {n} hours." for n in range(24)]
    whole = detector.find(texts, strict)
    monkeypatch.setattr("appliance.redaction.detection.RUN", 1500)
    told = []
    parts = detector.find(texts, strict, seen=lambda findings, blocks: told.append((findings, blocks)))
    assert [(i.block, i.start, i.end, i.type) for i in parts.items] == [
        (i.block, i.start, i.end, i.type) for i in whole.items
    ]
    assert len(told) > 4
    assert [blocks for _, blocks in told] == sorted({blocks for _, blocks in told})
    assert told[-1][1] == len(texts)
    start = 0
    for findings, blocks in told:
        assert all(start <= item.block < blocks for item in findings.items)
        start = blocks


@pytest.mark.parametrize(
    "written",
    ["Okonkwo's chart", "Okonkwo\u2019s chart", "OKONKWO'S CHART", "the Okonkwos", "Hughes' chart and Okonkwo's"],
)
def test_the_possessive_of_a_name_is_masked_and_the_thing_is_left(detector, strict, written):
    text = f"Ms Ngozi Okonkwo and Dr Peter Hughes came. We looked at {written} today."
    left = list(text)
    for item in detector.find_text(text, strict).items:
        left[item.start : item.end] = "#" * (item.end - item.start)
    told = "".join(left).casefold()
    assert "okonkwo" not in told
    assert "hughes" not in told
    assert ("chart" in told) == ("chart" in written.casefold())


def test_a_thing_called_after_somebody_is_no_person(detector, strict):
    text = "A Gantt's chart, Kussmaul's breathing, Reynolds' number and Corrigan's pulse were explained."
    assert values(detector.find_text(text, strict), [text]) == []
