"""`make demo`: the sample documents in, three questions answered, the page served. A second run repeats nothing."""

import json
import secrets
from pathlib import Path
from typing import Any

from appliance.assembly.listening import listen
from appliance.assembly.parts import initialise
from appliance.cli.context import context
from appliance.cli.documents import show_ingested
from appliance.cli.output import output
from appliance.cli.questions import show_quotes, show_result, show_sentence
from appliance.errors import ApplianceError, NotFound
from appliance.storage import home as homes

SAMPLES = Path(__file__).parents[2] / "sample_docs"
HOME = Path(__file__).parents[2] / ".demo"
QUESTIONS = ("hospital-02", "bank-02", "defence-02")
PASSWORDS = "demo-passwords.json"
ALARM = "DEMONSTRATION ONLY: the master key lies in a plain file beside the data (APPLIANCE_INSECURE_PLAIN_KEY_FILE)."


def demonstrate(*, exit_after: bool, port: int) -> int:
    """Set up, ingest, ask, serve. The home is `.demo` in the clone unless `--home` says otherwise."""
    context.home = context.home or HOME
    context.overrides = {"insecure_plain_key_file": True}
    truth = ground_truth()
    if not exit_after:
        refuse_taken_port(port)
    output.note(ALARM)
    if not homes.is_initialised(context.settings().home):
        initialise(context.settings())
    passwords = set_up(truth)
    ingested = [document for name in truth["collections"] for document in ingest(name, truth)]
    if any(document["status"] not in ("published", "duplicate") for document in ingested):
        show_ingested(ingested)
        raise ApplianceError("a sample document was not published", "See the table above")
    show_ingested(ingested)
    by_id = {question["id"]: question for question in truth["questions"]}
    answers = [ask(by_id[identifier]) for identifier in QUESTIONS]
    result = {"documents": ingested, "answers": answers, "users": passwords, "home": str(context.settings().home)}
    if exit_after:
        output.emit(result)
        return 0
    if not output.emit(result):
        show_users(truth, passwords)
    from appliance.cli.home import become_server

    become_server({"APPLIANCE_PORT": str(port), "APPLIANCE_INSECURE_PLAIN_KEY_FILE": "1"})


def ground_truth() -> dict[str, Any]:
    """The sample documents' description. Raises NotFound where the clone is not whole."""
    try:
        truth: dict[str, Any] = json.loads((SAMPLES / "ground_truth.json").read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFound("sample_docs is missing", "Run this from a whole clone of the project") from error
    return truth


def set_up(truth: dict[str, Any]) -> dict[str, str]:
    """Demo users, collections and grants, where they are not there yet; returns the users' passwords."""
    file = context.settings().home / PASSWORDS
    passwords: dict[str, str] = json.loads(file.read_text()) if file.is_file() else {}
    for user in truth["users"]:
        if user["login"] not in passwords:
            passwords[user["login"]] = f"demo-{secrets.token_hex(6)}"
    file.write_text(json.dumps(passwords))
    known = {user["login"] for user in context.result("user.list")["users"]}
    for user in truth["users"]:
        if user["login"] not in known:
            context.result(
                "user.add", login=user["login"], name=user["name"], groups=user["groups"], roles=user["roles"],
                password=passwords[user["login"]],
            )  # fmt: skip
    there = {collection["name"] for collection in context.result("collection.list")["collections"]}
    for name, collection in truth["collections"].items():
        if name not in there:
            context.result("collection.create", name=name, title=collection["title"], profile=collection["profile"])
            grant(name, collection, truth["users"])
    return passwords


def grant(name: str, collection: dict[str, Any], users: list[dict[str, Any]]) -> None:
    """Reading for the collection's groups; adding for editors and finding by name for those who may."""
    for group in collection["readers"]:
        context.result("grant.add", collection=name, principal=f"group:{group}", right="read")
    for user in users:
        if set(user["groups"]) & set(collection["readers"]):
            if "editor" in user["roles"]:
                context.result("grant.add", collection=name, principal=f"user:{user['login']}", right="write")
            if user["search_by_identity"]:
                context.result("grant.add", collection=name, principal=f"user:{user['login']}", right="identify")


def ingest(name: str, truth: dict[str, Any]) -> list[dict[str, Any]]:
    """The sample documents of one collection."""
    paths = [str(SAMPLES / document) for document in truth["collections"][name]["documents"]]
    result: dict[str, Any] = {}
    for event in context.run("ingest", {"paths": paths, "collection": name}):
        if event.get("stage") == "started":
            output.note(f"{name} [{event['position']:>2}/{event['total']}] {Path(event['path']).name}")
        result = event
    documents: list[dict[str, Any]] = result["documents"]
    return documents


def ask(question: dict[str, Any]) -> dict[str, Any]:
    """One question, asked by the first of those who may see its answer."""
    user = question["may_see"][0]
    output.say(f"\n{user} asks ({question['purpose']}): {question['question']}")
    arguments = {
        "question": question["question"], "collection": question["collection"], "user": user,
        "purpose": question["purpose"],
    }  # fmt: skip
    result: dict[str, Any] = {}
    for event in context.run("ask", arguments):
        if "quotes" in event:
            show_quotes(event["quotes"])
        elif "sentence" in event:
            show_sentence(event["sentence"])
        result = event
    show_result(result)
    return {"question": question["question"], "user": user, **result}


def refuse_taken_port(port: int) -> None:
    """Raise Unavailable before an hour's work when the port cannot be had at its end."""
    listen(context.settings().host, port).close()


def show_users(truth: dict[str, Any], passwords: dict[str, str]) -> None:
    """Who may sign in to the page."""
    rows = [(u["login"], passwords[u["login"]], u["name"], ", ".join(u["groups"])) for u in truth["users"]]
    output.say()
    output.table(("login", "password", "name", "groups"), rows, title="Demo users (Ctrl-C stops the page)")
    output.say(f"\n{ALARM}")
