"""`appliance ask | retrieve`: what comes out."""

import sys
from typing import Annotated, Any

import typer

from appliance.cli.context import context
from appliance.cli.output import output

As = Annotated[str, typer.Option("--as", help="Login of the person who asks; default: your own login.")]
Purpose = Annotated[
    str, typer.Option(help="Purpose of use: treatment, payment, operations, audit, research, emergency.")
]
Collection = Annotated[str, typer.Option(help="Collection to ask; default: all that the person may read.")]
QuestionText = Annotated[str, typer.Argument(help="The question; `-` reads standard input.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(ask)
    app.command()(retrieve)


def ask(
    question: QuestionText,
    collection: Collection = "",
    as_: As = "",
    purpose: Purpose = "operations",
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show names again: needs the right to reveal, and is recorded for each.")
    ] = False,
) -> int:
    """Ask a question; the answer's every sentence is cited, and recorded before it is shown."""
    arguments = {
        "question": _text(question), "collection": collection, "user": as_, "purpose": purpose, "reveal": reveal,
    }  # fmt: skip
    result: dict[str, Any] = {}
    for event in context.run("ask", arguments):
        if "quotes" in event and not output.json:
            show_quotes(event["quotes"])
        elif "sentence" in event and not output.json:
            show_sentence(event["sentence"])
        result = event
    if not output.emit(result):
        show_result(result)
    return int(result.get("exit_code", 0))


def retrieve(
    question: QuestionText,
    collection: Collection = "",
    as_: As = "",
    purpose: Purpose = "operations",
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Passages to return.")] = 10,
) -> None:
    """Show the passages that a question finds, with their scores."""
    result = context.result("retrieve", question=_text(question), collection=collection, user=as_, purpose=purpose, k=k)
    if not output.emit(result):
        for number, passage in enumerate(result["passages"], 1):
            output.say(f"[{number}] {passage['score']:.3f}  {passage['title']}, page {passage['page']}")
            output.say(f"    {passage['text']}\n")


def show_quotes(quotes: list[dict[str, Any]]) -> None:
    """The quotations, numbered, as they are found."""
    for quote in quotes:
        output.say(f"  [{quote['n']}] {quote['title']}, page {quote['page']}: “{quote['quote']}”")
    output.say()


def show_sentence(sentence: dict[str, Any]) -> None:
    """A sentence of the answer with its citation numbers."""
    output.say(f"{sentence['text']} {''.join(f'[{n}]' for n in sentence['citations'])}")


def show_result(result: dict[str, Any]) -> None:
    """How the question ended, and its receipt."""
    if result["status"] != "answered":
        told = ". ".join(filter(None, (result["reason"], result.get("advice"))))
        output.say(told if told.endswith((".", "?")) else f"{told}.")
        for related in result["related"]:
            output.say(f"  Related, not an answer: {related['title']}, page {related['page']}: “{related['quote']}”")
    for part in result.get("parts", ()):
        output.say(f"  {'answered' if part['answered'] else 'not answered'}: {part['text']}")
    for warning in result["warnings"]:
        output.say(f"  Note: {warning}")
    seconds = sum(result["seconds"].values())
    output.say(f"\n{result['status']} in {seconds:.1f} s, record {result['receipt'].get('record', 'none')}")


def _text(question: str) -> str:
    return sys.stdin.buffer.read().decode("utf-8", "replace") if question == "-" else question
