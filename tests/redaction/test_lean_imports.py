"""The detectors load neither torch nor transformers, and whoever wants those afterwards, or did before, gets them."""

import importlib
import subprocess
import sys
import threading

import pytest

from appliance.redaction.lean_imports import without

PACKAGES = "('torch', 'transformers', 'spacy', 'presidio_analyzer')"


def in_a_fresh_process(code: str) -> str:
    ran = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout.strip()


def test_recognizers_load_presidio_and_spacy_without_torch_and_leave_no_trace_of_the_refusal():
    code = f"""
import sys
before = list(sys.meta_path)
import appliance.redaction.recognizers
print([name for name in {PACKAGES} if name in sys.modules], sys.meta_path[:len(before)] == before)
print([name for name, module in sys.modules.items() if module is None and name.startswith(("torch", "transformers"))])
import torch
from transformers import pipeline
print(torch.ones(2).sum().item(), pipeline.__name__)
"""
    assert in_a_fresh_process(code).splitlines() == ["['spacy', 'presidio_analyzer'] True", "[]", "2.0 pipeline"]


def test_torch_loaded_before_the_recognizers_stays_whole():
    code = """
import torch, transformers
import appliance.redaction.recognizers
from transformers import pipeline
print(torch.ones(2).sum().item(), pipeline.__name__)
"""
    assert in_a_fresh_process(code) == "2.0 pipeline"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "heavy_one.py").write_text("value = 1\n")
    (tmp_path / "heavy_two.py").write_text("value = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("heavy_one", "heavy_two"):
        sys.modules.pop(name, None)


def test_a_refused_package_is_an_import_error_inside_and_imports_afterwards(folder):
    with without("heavy_one"), pytest.raises(ModuleNotFoundError):
        importlib.import_module("heavy_one")
    assert "heavy_one" not in sys.modules
    assert importlib.import_module("heavy_one").value == 1


def test_another_thread_is_refused_nothing(folder):
    seen = []
    with without("heavy_one"):
        thread = threading.Thread(target=lambda: seen.append(importlib.import_module("heavy_one").value))
        thread.start()
        thread.join()
    assert seen == [1]


def test_nothing_is_refused_once_one_of_the_packages_is_loaded(folder):
    importlib.import_module("heavy_one")
    with without("heavy_one", "heavy_two"):
        assert importlib.import_module("heavy_two").value == 2


def test_an_error_inside_ends_the_refusal(folder):
    before = list(sys.meta_path)
    with pytest.raises(RuntimeError, match="broken"), without("heavy_one"):
        raise RuntimeError("broken")
    assert sys.meta_path == before
