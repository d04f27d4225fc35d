"""The pages that users look things up in are what the program says: a stale page, or something undocumented, fails."""

import re
from pathlib import Path

import pytest
import typer
from fastapi.routing import APIRoute
from pydantic import Field

from appliance.cli import reference
from appliance.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITTEN = [ROOT / "README.md", *DOCS.glob("**/*.md"), ROOT / "policies/README.md", *ROOT.glob("deploy/**/*.md")]
COMMAND = re.compile(r"(?:^|`|\$ |bin/)appliance (?:--home \S+ |--json )*((?:[a-z-]+ ?){1,2})", re.MULTILINE)
EXAMPLE = re.compile(r"^(?:\.venv/bin/)?appliance (.+)$", re.MULTILINE)
ROUTE = re.compile(r"^\| `(GET|POST|PUT|PATCH|DELETE) (/[^`]*)` \|", re.MULTILINE)


@pytest.mark.parametrize("name", ["settings.md", "commands.md", "audit-events.md"])
def test_the_generated_page_is_what_the_program_says_now(name: str) -> None:
    page = (DOCS / name).read_text("utf-8")
    assert page == reference.pages()[name], "run: python -m appliance.cli.reference --write"


def test_check_fails_for_a_stale_page_and_write_mends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "DOCS", tmp_path)
    assert reference.main(["--check"]) == 1
    assert not list(tmp_path.iterdir())
    assert reference.main(["--write"]) == 0
    assert reference.main(["--check"]) == 0
    page = tmp_path / "settings.md"
    page.write_text(page.read_text("utf-8").replace("Port the web page", "A port", 1), "utf-8")
    assert reference.main(["--check"]) == 1


def test_a_setting_without_a_description_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Undescribed(Settings):
        novelty: int = 3

    monkeypatch.setattr(reference, "Settings", Undescribed)
    with pytest.raises(reference.Undocumented, match="novelty"):
        reference.settings_page()


def test_a_default_that_is_computed_has_to_be_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    class Computed(Settings):
        novelty: int = Field(default_factory=lambda: 3, description="Something new.")

    monkeypatch.setattr(reference, "Settings", Computed)
    with pytest.raises(reference.Undocumented, match="novelty"):
        reference.settings_page()


def _nothing(option: int = 3) -> None: ...


def _said(option: int = 3) -> None:
    """Said."""


@pytest.mark.parametrize(("command", "missing"), [(_nothing, "appliance more"), (_said, "--option")])
def test_a_command_or_an_option_without_a_description_fails(
    command: object, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = typer.Typer(help="A program.")
    app.command("more")(command)  # type: ignore[type-var]
    app.command("other")(lambda: None)
    monkeypatch.setattr(reference, "app", app)
    with pytest.raises(reference.Undocumented, match=missing):
        reference.commands_page()


def test_every_route_of_the_service_is_documented_and_no_other() -> None:
    from appliance.web import application

    routes = [
        route
        for name in application.__dict__.values()
        for route in getattr(getattr(name, "router", None), "routes", ())
        if isinstance(route, APIRoute)
    ]
    served = {(method, route.path) for route in routes for method in route.methods}
    told = set(ROUTE.findall((DOCS / "developer.md").read_text("utf-8")))
    assert len(served) > 8
    assert told == served, "docs/developer.md lists other routes than the service has"
    assert all(route.endpoint.__doc__ for route in routes)


def test_every_page_of_the_documentation_is_linked_and_every_link_leads_somewhere() -> None:
    linked = set()
    for page in WRITTEN:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            there = (page.parent / target).resolve()
            assert there.exists() or there.parent.name == "images", f"{page.relative_to(ROOT)} links to {target}"
            linked.add(there)
    unreachable = [page.relative_to(ROOT) for page in WRITTEN[1:] if page.resolve() not in linked]
    assert not unreachable


def test_every_test_that_the_documentation_names_is_there() -> None:
    named = set()
    for page in WRITTEN:
        named |= set(re.findall(r"tests/[\w/]+\.py", page.read_text("utf-8")))
    assert len(named) > 10
    missing = {name for name in named if not (ROOT / name).is_file()}
    assert not missing


def test_every_command_and_setting_that_the_documentation_names_is_there() -> None:
    commands = {
        " ".join(words[1:]) for words, _ in reference.leaves(reference.get_command(reference.app), ("appliance",))
    }
    heads = {command.split()[0] for command in commands}
    variables = {f"APPLIANCE_{name.upper()}" for name in Settings.model_fields}
    for page in WRITTEN:
        text = page.read_text("utf-8")
        for said in COMMAND.findall(text):
            words = said.split()
            assert words[0] in heads, f"{page.relative_to(ROOT)}: appliance {said}"
            if words[0] not in commands and len(words) > 1:
                assert " ".join(words[:2]) in commands, f"{page.relative_to(ROOT)}: appliance {said}"
        unknown = set(re.findall(r"APPLIANCE_[A-Z_]+[A-Z]", text)) - variables
        assert unknown <= {"APPLIANCE_TRACEBACKS_MAY_QUOTE_DOCUMENTS"}, page


def test_every_option_in_an_example_of_the_documentation_is_one_of_its_command() -> None:
    tree = reference.get_command(reference.app)
    options = {
        " ".join(words): {name for each in command.params for name in each.opts} | {"--json", "--home", "--help"}
        for words, command in reference.leaves(tree, ())
    }
    seen = 0
    for page in WRITTEN:
        for line in EXAMPLE.findall(page.read_text("utf-8")):
            words = line.partition(" #")[0].replace("--json ", "").split()
            words = words[2:] if words[0] == "--home" else words
            name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in options), None)
            assert name is not None, f"{page.relative_to(ROOT)}: {line}"
            unknown = {word for word in words if re.match("--?[a-z]", word)} - options[name]
            assert not unknown, f"{page.relative_to(ROOT)}: {line}"
            seen += 1
    assert seen > 20
