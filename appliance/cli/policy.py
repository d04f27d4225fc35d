"""`appliance policy check | test | diff | apply`: redaction profiles and access policies."""

from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.cli.context import context
from appliance.cli.output import output
from appliance.errors import IntegrityFailure
from appliance.storage import home as homes

policy = typer.Typer(no_args_is_help=True, help="Redaction profiles and access policies.")

Name = Annotated[str, typer.Argument(help="Name of the redaction profile.")]
Text = Annotated[Path | None, typer.Argument(help="YAML file with the new text; default: the profile's own file.")]
SHORT = 12
"""Digits of a digest that a table shows."""


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(policy, name="policy")


@policy.command("check")
def check() -> int:
    """Load every policy, say its digest and, of a home, whether it is in force; refuse what is wrong. Exit code 4
    when a profile's file is not the text in force."""
    from appliance.assembly.standalone import check_policies

    settings = context.settings()
    result = check_policies(settings)
    if homes.is_initialised(settings.home):
        known = {each["name"]: each for each in context.result("policy.state")["policies"]}
        result["policies"] = [{**each, **known.pop(each["name"], {})} for each in result["policies"]]
        result["policies"] += [each for each in known.values() if each["state"] != "new"]
    changed = [each["name"] for each in result["policies"] if each.get("state", "in force") in ("changed", "missing")]
    if not output.emit({**result, "changed": changed}):
        rows = [
            (p["name"], p["digest"], p.get("state", ""), p.get("outdated", "") or "") for p in result["policies"]
        ]
        output.table(("policy", "digest of its file", "state", "documents on an older text"), rows)
        if changed:
            output.say(f"Not in force: {', '.join(changed)}. See `appliance policy diff`, `appliance policy apply`.")
    return IntegrityFailure.exit_code if changed else 0


@policy.command("test")
def try_on(
    text: Annotated[str, typer.Argument(help="A text file, or `-` for standard input.")],
    profile: Annotated[str, typer.Option(help="Redaction profile, or a YAML file with one.")] = "",
) -> None:
    """Show what a redaction profile does to a text of your own, and why."""
    from appliance.assembly.standalone import redact_text
    from appliance.cli.documents import read_text

    result = redact_text(context.settings(), read_text(text), profile, explained=True)
    if not output.emit(result):
        output.say(result["text"])
        rows = [
            (e["start"], e["end"], e["type"], f"{e['score']:.2f}", e["action"], e["why"], e["citation"])
            for e in result["entities"]
        ]
        output.table(("start", "end", "type", "score", "becomes", "because of", "by"), rows)
        output.say(f"A reviewer would be asked about {result['to_review']} of these; held back: {result['held']}.")


@policy.command("diff")
def diff(name: Name, text: Text = None) -> None:
    """Show how a profile's text differs from the one in force, and which documents it would redact again."""
    result = context.result("policy.diff", name=name, text=_content(text))
    if not output.emit(result):
        _show_changes(result)
        _show_queue(result["queues"], "would be redacted again")


@policy.command("apply")
def apply(
    name: Name,
    text: Text = None,
    later: Annotated[bool, typer.Option("--later", help="Only queue, for the next start of the service.")] = False,
) -> int:
    """Put a profile's text in force, and redact again what was redacted under another."""
    result: dict[str, Any] = {}
    for event in context.run("policy.apply", {"name": name, "text": _content(text), "later": later}):
        if "position" in event:
            told = event.get("status", event.get("stage", ""))
            output.note(f"[{event['position']}/{event['total']}] {event['document']}: {told}")
        result = event
    if not output.emit(result):
        said = "is in force" if result["replaces"] != result["digest"] else "was in force already"
        output.say(f"{name} {said}: {result['digest']}.")
        rows = [(d["collection"], d["document"], d["status"], d["reason"]) for d in result["documents"]]
        if rows:
            output.table(("collection", "document", "now", "reason"), rows)
        _show_queue(result["queued"], "wait to be redacted again")
    return 1 if any(d["status"] in ("failed", "not kept") for d in result["documents"]) else 0


def _content(text: Path | None) -> str:
    from appliance.cli.documents import require_file

    if text is None:
        return ""
    require_file(text)
    return text.read_bytes().decode("utf-8", "surrogateescape")


def _show_changes(result: dict[str, Any]) -> None:
    if not result["changes"]:
        output.say("The text is the one in force." if result["candidate"] == result["in_force"] else "No rule differs.")
        return
    rows = [(c["key"], c["was"], c["now"], "redacts less" if c["weaker"] else "") for c in result["changes"]]
    output.table(("key", "in force", "new", ""), rows, f"{result['in_force'][:SHORT]} to {result['candidate'][:SHORT]}")


def _show_queue(queue: list[dict[str, Any]], words: str) -> None:
    output.say(f"{len(queue)} documents {words}.")
    if queue:
        rows = [
            (q["collection"], q["title"] or q["document"], q["status"], "" if q["original"] else "original not kept")
            for q in queue
        ]
        output.table(("collection", "document", "status", ""), rows)
