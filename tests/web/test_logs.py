"""The service's log holds types and places of failures, never their words (I1)."""

import logging
import threading

import pytest

from appliance.web import logs

SECRET = "MRN 4471882 of Mrs Okafor"


@pytest.fixture(autouse=True)
def _restored() -> object:
    before, hook = logging.getLogger("uvicorn").handlers[:], threading.excepthook
    yield
    logging.getLogger("uvicorn").handlers, threading.excepthook = before, hook


def fail() -> None:
    """Raise an exception that quotes a document, because of another that does."""
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        raise ValueError(SECRET) from error


def test_a_logged_exception_is_told_by_type_and_place_alone(capsys: pytest.CaptureFixture[str]) -> None:
    logs.prepare()
    try:
        fail()
    except ValueError as error:
        logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=error)
    told = capsys.readouterr().err
    assert all(each in told for each in ("ValueError", "KeyError", "test_logs.py", "in fail"))
    assert "Okafor" not in told


def test_a_thread_that_dies_is_told_by_type_and_place_alone(capsys: pytest.CaptureFixture[str]) -> None:
    logs.prepare()
    dying = threading.Thread(target=fail, name="upload")
    dying.start()
    dying.join()
    told = capsys.readouterr().err
    assert all(each in told for each in ("thread upload: KeyError", "ValueError"))
    assert "Okafor" not in told
