"""The examples of the documentation run as they stand."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web import site

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(packs: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a few sample documents, nobody's yet, that says in its settings what `site.chosen` says."""
    made = site.copied(site.made(tmp_path_factory.getbasetemp()), tmp_path)
    settings = {"insecure_plain_key_file": True, "generation_pack": "smollm2-135m-instruct"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (made.home / "settings.toml").write_text("\n".join(lines))
    return made.home


def test_the_llamaindex_example_redacts_retrieves_and_answers(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = importlib.util.spec_from_file_location("example", ROOT / "docs/examples/llamaindex_pipeline.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)

    shown = example.main(home, "nina")

    assert "[PERSON:" in str(shown["redacted"])
    assert "Okafor" not in str(shown["redacted"])
    assert "00482913" not in str(shown["redacted"])
    passages, response = shown["passages"], shown["response"]
    assert passages
    assert all("heparin" in node.get_content().lower() for node in passages[:1])
    assert response.metadata["status"] in ("answered", "abstained")
    assert response.metadata["receipt"]["record"] in capsys.readouterr().out


def test_a_person_without_the_grant_gets_nothing_from_the_same_code(home: Path) -> None:
    spec = importlib.util.spec_from_file_location("example", ROOT / "docs/examples/llamaindex_pipeline.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)

    shown = example.main(home, "bob", "When is the heparin infusion stopped?")

    assert not [node for node in shown["passages"] if "heparin" in node.get_content().lower()]
    assert "heparin" not in str(shown["response"]).lower()


def test_the_presidio_example_finds_with_patterns_and_with_everything_and_redacts(
    packs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location("example", ROOT / "docs/examples/presidio_recognizers.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)

    shown = example.main()

    by_pattern = {(each.entity_type, example.LETTER[each.start : each.end]) for each in shown["patterns"]}
    assert ("IBAN_CODE", "GB82 WEST 1234 5698 7654 32") in by_pattern
    assert ("MEDICAL_RECORD", "00482913") in by_pattern
    named = {example.LETTER[each.start : each.end] for each in shown["results"] if each.entity_type == "PERSON"}
    assert any("Okafor" in name for name in named)
    assert any("Lindqvist" in name for name in named)
    for identifier in ("Okafor", "Lindqvist", "00482913", "GB82", "1951"):
        assert identifier not in shown["text"]
    assert "warfarin 5 mg" in shown["text"]
    assert "[PERSON:" in capsys.readouterr().out


def test_every_public_name_of_redaction_is_there_and_imports_nothing_heavy_before_it_is_used() -> None:
    code = (
        "import sys, appliance.redaction as r; "
        "heavy = {'torch', 'spacy', 'presidio_analyzer', 'onnxruntime', 'llama_index'} & set(sys.modules); "
        "assert not heavy, heavy; [getattr(r, name) for name in r.__all__]; r.Redactor; print(len(r.__all__))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) >= 10
