"""A real appliance with a few sample documents, made once a session: people, grants, two collections.

`made` builds its home the first time; the web tests open that home, the browser tests serve a copy of it.
"""

import functools
import shutil
from dataclasses import dataclass
from pathlib import Path

from appliance import settings
from appliance.access.grants import Purpose
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance, initialise
from appliance.settings import Settings

SAMPLES = Path(__file__).parents[2] / "sample_docs"
WARD = ("hospital/anticoagulation-protocol.pdf", "hospital/transfusion-sop.md", "hospital/medication-log.csv")
BANK = ("bank/lending-intranet.html",)
PASSWORD = "correct horse battery"
PEOPLE: dict[str, tuple[str, list[str], list[str]]] = {
    "nina": ("Nina Nurse", ["ward"], ["reader"]),
    "edda": ("Edda Editor", ["ward"], ["editor"]),
    "bob": ("Bob Banker", ["bank"], ["reader"]),
    "ada": ("Ada Administrator", [], ["administrator"]),
    "otto": ("Otto Auditor", [], ["auditor"]),
    "rita": ("Rita Reviewer", [], ["privacy_officer"]),
}
PURPOSES = [Purpose.TREATMENT.value, Purpose.OPERATIONS.value]


@dataclass(frozen=True)
class Made:
    """The home, closed, and the ids of what is in it. `ward` and `bank` are documents' current versions by path."""

    home: Path
    collections: dict[str, str]
    versions: dict[str, str]


def chosen(home: Path) -> Settings:
    """Settings of the tests: the smallest model, which is enough to compose something."""
    return settings.load(
        home, insecure_plain_key_file=True, generation_pack="smollm2-135m-instruct", max_document_bytes=2 * 2**20
    )


@functools.cache
def made(folder: Path) -> Made:
    """Build the home below `folder`."""
    chosen_settings = chosen(folder / "home")
    initialise(chosen_settings)
    appliance = Appliance.open(chosen_settings)
    try:
        for login, (name, groups, roles) in PEOPLE.items():
            _do(appliance, "user.add", login=login, name=name, password=PASSWORD, groups=groups, roles=roles)
        collections, versions = {}, {}
        for name, title, paths in (("ward", "Ward documents", WARD), ("bank", "Bank documents", BANK)):
            collections[name] = _do(appliance, "collection.create", name=name, title=title)["id"]
            _do(appliance, "grant.add", collection=name, principal=f"group:{name}", purposes=PURPOSES)
            done = _do(appliance, "ingest", paths=[str(SAMPLES / path) for path in paths], collection=name)
            for document in done["documents"]:
                assert document["status"] == "published", document
                versions[document["path"].removeprefix(f"{SAMPLES}/")] = document["version"]
        _do(appliance, "grant.add", collection="ward", principal="user:edda", right="write")
        _do(appliance, "grant.add", collection="ward", principal="user:rita", right="review")
    finally:
        appliance.close()
    return Made(folder / "home", collections, versions)


def copied(original: Made, folder: Path) -> Made:
    """A copy of the home below `folder`, for a process of its own."""
    shutil.copytree(original.home, folder / "home")
    return Made(folder / "home", original.collections, original.versions)


def _do(appliance: Appliance, operation: str, **arguments: object) -> dict:
    *_, result = perform(appliance, operation, arguments)
    return result
