"""Adding documents and looking at them: stages, refusals, pages with and without the right to see them."""

import io
import tempfile
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from starlette.testclient import TestClient

from appliance.assembly.parts import Appliance
from appliance.errors import Quarantined
from appliance.settings import SHIPPED_POLICIES
from tests.canaries import traces
from tests.web import site
from tests.web.conftest import Client
from tests.web.test_asking import events

NOTE = "# Visit\n\nPatient Margaret Oyelaran, MRN 4471882, was seen. {}. Next visit in six weeks.\n"
ONE_PAGE = "hospital/anticoagulation-protocol.pdf"


def upload(person: TestClient, collection: str, content: bytes, name: str = "note.md") -> list[dict[str, Any]]:
    """Send a file; the events that come back."""
    answer = person.post(f"/api/collections/{collection}/documents", content=content, headers={"X-File-Name": name})
    assert answer.status_code == 200, answer.text
    return events(answer.text)


def listed(person: TestClient, collection: str) -> set[str]:
    """The versions that a person sees listed."""
    answer = person.get(f"/api/collections/{collection}/documents", params={"purpose": "treatment"}).json()
    return {each["version"] for each in answer["documents"]}


def test_an_upload_tells_its_stages_then_its_outcome_and_is_there(client: Client, made: site.Made) -> None:
    edda, ward = client("edda"), made.collections["ward"]
    *stages, outcome = upload(edda, ward, NOTE.format("The dose is 40 mg").encode(), "first%20visit.md")
    assert [each["stage"] for each in stages][:2] == ["received", "parsing"]
    assert stages[-1] == {"stage": "published"}
    assert (outcome["status"], outcome["pages"]) == ("published", 1)
    assert outcome["version"] in listed(client("nina"), ward)
    assert outcome["entities"].get("PERSON", 0) >= 1
    text = edda.get(f"/api/versions/{outcome['version']}/pages/1/text", params={"purpose": "treatment"}).text
    assert "40 mg" in text
    assert "Oyelaran" not in text
    assert "4471882" not in text


def test_the_same_content_again_is_a_duplicate(client: Client, made: site.Made) -> None:
    edda, content = client("edda"), NOTE.format("The same").encode()
    first = upload(edda, made.collections["ward"], content, "same.md")[-1]
    again = upload(edda, made.collections["ward"], content, "same.md")[-1]
    assert (first["status"], again["status"]) == ("published", "duplicate")
    assert again["version"] == first["version"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.txt", b""), ("broken.pdf", b"%PDF-1.7 and no more"), ("photo.jpg", b"\x7fELF" + bytes(500))],
)
def test_a_file_that_cannot_be_read_is_told_so_in_words(
    client: Client, made: site.Made, name: str, content: bytes
) -> None:
    outcome = upload(client("edda"), made.collections["ward"], content, name)[-1]
    assert outcome["status"] == "failed"
    assert outcome["reason"].count(". ") == 1, "what is wrong, and what to do"
    assert name not in outcome["reason"], "a name can be personal data"


def test_a_file_over_the_limit_is_refused_before_it_is_taken_in(client: Client, made: site.Made) -> None:
    path, over = f"/api/collections/{made.collections['ward']}/documents", 2 * 2**20 + 1
    for content in (b"x" * over, iter([b"x" * 2**20] * 3)):
        answer = client("edda").post(path, content=content)
        assert answer.status_code == 413
        assert answer.json()["error"]["message"] == "more than 2 MiB were sent"


def test_who_may_only_read_may_not_add_and_who_may_not_read_learns_nothing(client: Client, made: site.Made) -> None:
    path = f"/api/collections/{made.collections['ward']}/documents"
    assert client("nina").post(path, content=b"x").status_code == 403
    assert client("bob").post(path, content=b"x").status_code == 404
    missing = client("bob").post("/api/collections/nothing/documents", content=b"x")
    assert client("bob").post(path, content=b"x").json() == missing.json()


def test_nothing_of_an_upload_is_written_in_clear(
    client: Client, made: site.Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bodies above a megabyte are where a framework would begin to spool to disk (I1)."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    canaries = ["Thessaly Quillfeather", "quillfeather-note"]
    small = NOTE.format(f"{canaries[0]} was well").encode()
    large = b"%PDF-1.7\n" + (canaries[0].encode() + b"\n") * 70_000
    assert len(large) > 2**20
    assert upload(client("edda"), made.collections["ward"], small, f"{canaries[1]}.md")[-1]["status"] == "published"
    assert upload(client("edda"), made.collections["ward"], large, f"{canaries[1]}.pdf")[-1]["status"] == "failed"
    assert list(tmp_path.iterdir()) == []
    assert traces(made.home, canaries) == []


def test_a_page_is_an_image_made_here_for_whoever_may_see_it(
    client: Client, appliance: Appliance, made: site.Made
) -> None:
    nina, path = client("nina"), f"/api/versions/{made.versions[ONE_PAGE]}"
    facts = nina.get(path, params={"purpose": "treatment"}).json()
    page = facts["pages"][0]
    assert page["image"] is True
    before = appliance.log.size
    answer = nina.get(f"{path}/pages/1/image", params={"purpose": "treatment"})
    assert answer.headers["Content-Type"] == "image/webp"
    with PIL.Image.open(io.BytesIO(answer.content)) as image:
        assert image.width / image.height == pytest.approx(page["width"] / page["height"], rel=0.01)
        assert not image.getexif()
    viewed = [(record.kind, record.public["page"]) for record in appliance.log.records(before)]
    assert viewed == [("page_viewed", 1)]
    assert client("bob").get(f"{path}/pages/1/image").status_code == 404


def test_a_document_without_pages_to_draw_is_shown_as_redacted_text(client: Client, made: site.Made) -> None:
    nina, path = client("nina"), f"/api/versions/{made.versions['hospital/transfusion-sop.md']}"
    facts = nina.get(path, params={"purpose": "treatment"}).json()
    assert [page["image"] for page in facts["pages"]] == [False]
    chunks = nina.get(f"{path}/pages/1/text", params={"purpose": "treatment"}).json()["chunks"]
    assert any("finish within 4 hours" in each["text"] for each in chunks)
    assert nina.get(f"{path}/pages/1/image", params={"purpose": "treatment"}).status_code == 404


def test_no_route_gives_the_original_file(client: Client, made: site.Made) -> None:
    content = (site.SAMPLES / ONE_PAGE).read_bytes()
    nina, path = client("nina"), f"/api/versions/{made.versions[ONE_PAGE]}"
    for tail in ("", "/pages/1/image", "/pages/1/text"):
        answer = nina.get(path + tail, params={"purpose": "treatment"})
        assert answer.status_code == 200
        assert content[:200] not in answer.content


def test_a_retired_version_stays_in_sight_of_those_who_may_see_it_and_of_nobody_else(
    client: Client, made: site.Made
) -> None:
    edda, ward = client("edda"), made.collections["ward"]
    old = upload(edda, ward, NOTE.format("It is the first").encode(), "two versions.md")[-1]["version"]
    new = upload(edda, ward, NOTE.format("It is the second").encode(), "two versions.md")[-1]["version"]
    assert new in listed(edda, ward)
    assert old not in listed(edda, ward)
    for person in ("edda", "nina"):
        answer = client(person).get(f"/api/versions/{old}", params={"purpose": "treatment"})
        assert answer.json()["status"] == "retired"
        text = client(person).get(f"/api/versions/{old}/pages/1/text", params={"purpose": "treatment"}).text
        assert "It is the first" in text
    assert client("bob").get(f"/api/versions/{old}", params={"purpose": "treatment"}).status_code == 404


def test_a_held_back_document_is_seen_by_nobody_and_says_why(
    client: Client, made: site.Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def doubt(*args: object, **options: object) -> None:
        raise Quarantined("an identifier may be left in block 2", "A reviewer decides")

    monkeypatch.setattr("appliance.ingest.screen", doubt)
    outcome = upload(client("edda"), made.collections["ward"], NOTE.format("It is doubtful").encode(), "doubt.md")[-1]
    assert outcome["status"] == "quarantined"
    assert outcome["reason"] == "an identifier may be left in block 2. A reviewer decides."
    assert outcome["version"] not in listed(client("edda"), made.collections["ward"])
    missing = client("edda").get(f"/api/versions/{'0' * 32}", params={"purpose": "treatment"})
    held = client("edda").get(f"/api/versions/{outcome['version']}", params={"purpose": "treatment"})
    assert (held.status_code, held.content) == (404, missing.content)


def test_the_policies_of_these_tests_are_those_that_are_shipped(made: site.Made) -> None:
    for path in SHIPPED_POLICIES.rglob("*.cedar"):
        assert (made.home / "policies" / path.relative_to(SHIPPED_POLICIES)).read_bytes() == path.read_bytes()


def test_a_document_deleted_on_the_page_is_gone_at_once(client: Client, made: site.Made) -> None:
    edda, nina, ward = client("edda"), client("nina"), made.collections["ward"]
    done = upload(edda, ward, NOTE.format("Zebrafinch is given").encode(), "gone.md")[-1]
    path = f"/api/versions/{done['version']}"
    sure = {"purpose": "treatment", "sure": done["id"]}
    assert nina.delete(path, params=sure).status_code == 403
    assert edda.delete(path, params=sure | {"sure": "0" * 32}).status_code == 400
    assert done["version"] in listed(nina, ward)
    assert edda.delete(path, params=sure).json()["versions"] == 1
    assert done["version"] not in listed(nina, ward)
    assert edda.get(path, params={"purpose": "treatment"}).status_code == 404
    assert edda.delete(path, params=sure).status_code == 404


def test_two_files_of_one_name_in_two_folders_are_two_documents(client: Client, made: site.Made) -> None:
    edda, ward = client("edda"), made.collections["ward"]
    done = []
    for place in ("a%2Frule.md", "b%2Frule.md"):
        answer = edda.post(
            f"/api/collections/{ward}/documents", content=f"# Rule\n\nThe rule of {place[0]} holds.\n".encode(),
            headers={"X-File-Name": "rule.md", "X-File-Place": place},
        )  # fmt: skip
        done.append(events(answer.text)[-1])
    assert [each["status"] for each in done] == ["published", "published"]
    assert done[0]["id"] != done[1]["id"]
