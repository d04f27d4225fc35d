"""Reasoning of a model between `<think>` and `</think>` is neither shown, verified nor stored: cut from the stream."""

from collections.abc import Iterable, Iterator

from appliance.answering.engines.engine import Piece

OPENING = ("<think>", "<thinking>", "<reasoning>")
CLOSING = ("</think>", "</thinking>", "</reasoning>")


def without_reasoning(pieces: Iterable[Piece], *, inside: bool = False) -> Iterator[Piece]:
    """The pieces without what stands between reasoning tags, which may be split over pieces.

    `inside` is True when the prompt already opened the reasoning (DeepSeek-R1 templates do). Reasoning that
    is never closed is dropped to the end. Token counts pass through.
    """
    waiting = ""
    for piece in pieces:
        waiting += piece.text
        shown = ""
        while True:
            tags = CLOSING if inside else OPENING + CLOSING
            at, tag = min(((waiting.find(tag), tag) for tag in tags if tag in waiting), default=(-1, ""))
            if at < 0:
                break
            if not inside:
                shown += waiting[:at]
            waiting = waiting[at + len(tag) :]
            inside = tag in OPENING
        keep = _start_of_a_tag(waiting, CLOSING if inside else OPENING + CLOSING)
        if not inside:
            shown += waiting[: len(waiting) - keep]
        waiting = waiting[len(waiting) - keep :]
        if shown or piece.prompt_tokens or piece.completion_tokens:
            yield Piece(shown, piece.prompt_tokens, piece.completion_tokens)
    if waiting and not inside:
        yield Piece(waiting)


def _start_of_a_tag(text: str, tags: tuple[str, ...]) -> int:
    """How many characters at the end of `text` may be the beginning of a tag."""
    for length in range(min(len(text), max(map(len, tags)) - 1), 0, -1):
        if any(tag.startswith(text[-length:]) for tag in tags):
            return length
    return 0
