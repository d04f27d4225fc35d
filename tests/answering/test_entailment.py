"""An NLI model that a site brings stands beside the verifier: it can take a sentence away, and add only what nothing
else speaks against."""

from pathlib import Path

import pytest

from appliance import settings, weights
from appliance.answering.entailment import Entailment, Judgement, weigh
from appliance.answering.verification import Verification
from appliance.assembly.engines import brought
from appliance.errors import Unavailable
from tests.tiny_models import classifier

NAMES = ("contradiction", "entailment", "neutral")
TEXTS = ["red cells must be finished within four hours", "the ward is on the second floor"]


class Fixed:
    """An NLI model of one opinion."""

    def __init__(self, entailed: float, contradicted: float) -> None:
        self._found = Judgement(entailed, contradicted)
        self.read: list[str] = []

    def judge(self, evidence: str, sentence: str) -> Judgement:
        self.read.append(evidence)
        return self._found


def opened(tmp_path: Path, names: tuple[str, ...]) -> Entailment:
    folder = classifier(tmp_path / "model", len(names), names)
    weights.import_pack(tmp_path / "packs", folder, "tiny-nli", "nli", "Apache-2.0")
    pack = brought(settings.load(tmp_path, packs=tmp_path / "packs"), "nli", "")
    assert pack is not None
    return Entailment.open(pack)


def test_a_pack_is_loaded_and_its_labels_are_read_by_name(tmp_path: Path) -> None:
    model = opened(tmp_path, NAMES)
    found = model.judge(TEXTS[0], "red cells must be finished within ten hours")
    assert 0 < found.entailed < 1
    assert 0 < found.contradicted < 1
    assert found.entailed + found.contradicted < 1
    assert model.judge(TEXTS[0] * 200, "red cells").entailed > 0, "long evidence is cut, the sentence is not"


def test_labels_that_name_no_entailment_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="labels"):
        opened(tmp_path, ("spam", "ham", "eggs"))


def test_what_it_finds_contradicted_is_not_shown_whatever_spoke_for_it() -> None:
    verdict = weigh(Verification(True, 0.95, (0,)), "s", TEXTS, Fixed(0.1, 0.8))  # type: ignore[arg-type]
    assert not verdict.supported
    assert verdict.reasons == ("contradicted",)
    assert verdict.support <= 0.2 + 1e-9


@pytest.mark.parametrize(
    ("reasons", "shown"), [(("not supported",), True), (("numbers", "not supported"), False), (("negation",), False)]
)
def test_what_it_finds_entailed_is_shown_only_if_nothing_but_support_was_lacking(
    reasons: tuple[str, ...], shown: bool
) -> None:
    model = Fixed(0.97, 0.01)
    verdict = weigh(Verification(False, 0.3, (0,), reasons), "s", TEXTS, model)  # type: ignore[arg-type]
    assert verdict.supported is shown
    assert model.read == [TEXTS[0]], "it reads what is cited"
