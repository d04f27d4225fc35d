"""A page is drawn when somebody looks at it, black where identifiers stood, and before its original goes."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import PIL.Image
import pytest

from appliance import ingest
from appliance.assembly.parts import Appliance
from appliance.documents.sandbox import Sandbox
from appliance.errors import NotFound
from appliance.evaluation import ingest_corpus
from appliance.upkeep import retention

NOTE = ["Patient: Wilhelmina Featherstonehaugh, born 14 March 1951, MRN 83920175.", "The drain is removed on day two."]


def taken_in(appliance: Appliance, name: str, **settings: bool) -> str:
    rooms = appliance.ingesting
    rooms = replace(rooms, settings=rooms.settings.model_copy(update=settings))
    grant = appliance.access.system_write("ward", "test")
    content = ingest_corpus.pdf([*NOTE, f"Said of {name}."], 2)
    outcome = ingest.ingest(rooms, grant, content, name)
    assert outcome.status == "published", outcome.reason
    return outcome.version


def test_a_page_is_drawn_at_its_first_view_and_kept_sealed(
    appliance: Appliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = appliance.catalog.version(taken_in(appliance, "viewed.pdf"))
    assert appliance.pages.numbers(version.id) == []
    assert appliance.drawing.numbers(version.id) == {1, 2}
    first = appliance.drawing.image(version, 1)
    assert appliance.pages.numbers(version.id) == [1]
    monkeypatch.setattr(Sandbox, "render", lambda *_, **__: pytest.fail("it was drawn before"))
    assert appliance.drawing.image(version, 1) == first
    with pytest.raises(NotFound):
        appliance.drawing.image(version, 3)


def test_identifiers_are_black_on_a_page_that_is_drawn_later(appliance: Appliance) -> None:
    version = appliance.catalog.version(taken_in(appliance, "black.pdf"))
    boxes = appliance.catalog.page_facts(version.id).blackout[1]
    with PIL.Image.open(io.BytesIO(appliance.drawing.image(version, 1))) as image:
        scale = image.width / 595
        for left, top, right, bottom in boxes:
            middle = ((left + right) / 2 * scale, (top + bottom) / 2 * scale)
            assert max(image.convert("RGB").getpixel((int(middle[0]), int(middle[1])))) < 30  # type: ignore[type-var,arg-type]
    assert boxes


def test_where_no_original_is_kept_every_page_is_drawn_before_it_goes(appliance: Appliance) -> None:
    version = taken_in(appliance, "unkept.pdf", keep_originals=False)
    assert not appliance.originals.kept(version)
    assert appliance.pages.numbers(version) == [1, 2]
    assert appliance.drawing.numbers(version) == {1, 2}


def test_retention_of_originals_leaves_their_pages(appliance: Appliance) -> None:
    version = taken_in(appliance, "retained.pdf")
    later = datetime.now(UTC) + timedelta(days=30)
    retention.apply(appliance.holdings, appliance.holds, {"originals": 7}, later)
    assert not appliance.originals.kept(version)
    assert appliance.pages.numbers(version) == [1, 2]
