"""Text recognition of pictures of pages: PP-OCRv4 by RapidOCR, its models read from the installed wheel.

The recogniser tells where each character stands and how sure it is; spaces that it loses are seen in the
gaps. Words then go the same way as those of a PDF's text layer: lines, columns, tables, paragraphs.
"""

from statistics import median
from typing import Any

import numpy as np

from appliance.parser.formats.pdf_blocks import PageWriter
from appliance.parser.formats.pdf_rules import Rules
from appliance.parser.formats.pdf_style import Style
from appliance.parser.formats.pdf_words import PdfWord
from appliance.parser.output import Output

LOW_CONFIDENCE = 0.75
"""Mean confidence of a page's words below which it is marked for review."""
MIN_SCORE = 0.5
"""Lines that the recogniser believes in less are noise."""
GAP = 0.55
"""A gap between two characters wider than this share of the usual pitch is a space."""
TYPE_HEIGHT = 0.78
"""Size of type by the height of the box around a line."""
HEADING_RATIO = 1.35
"""Heights of recognised lines vary by themselves; only clearly larger type is a heading."""

Picture = np.ndarray[Any, np.dtype[np.uint8]]
_engine: Any = None


def load(threads: int = 1) -> None:
    """Load the models once. With one thread no thread pool is made, so that a fork may follow."""
    global _engine
    if _engine is None:
        import cv2
        from rapidocr_onnxruntime import RapidOCR

        cv2.setNumThreads(threads)
        _engine = RapidOCR(intra_op_num_threads=threads, inter_op_num_threads=1)


def write_text(width: int, height: int, pixels: bytes, scale: float, number: int, output: Output) -> None:
    """Write what can be read in a picture of a page: RGB rows, `scale` pixels a point."""
    picture = np.frombuffer(pixels, dtype=np.uint8).reshape(height, width, 3)[:, :, ::-1]
    words = recognise(np.ascontiguousarray(picture), scale, output.limits.threads)
    if not words:
        output.warn("ocr_no_text", number)
        return
    if sum(w.confidence for w in words) / len(words) < LOW_CONFIDENCE:
        output.warn("ocr_low_confidence", number)
    body = _even(words)
    style = Style(body, ratio=HEADING_RATIO)
    PageWriter(style, output).write(words, Rules(), height / scale, number)


def recognise(picture: Picture, scale: float, threads: int = 1) -> list[PdfWord]:
    """Words of a BGR picture, boxes in points. Text that stands upright on a page lying on its side is read
    by turning the page."""
    load(threads)
    found, _ = _engine(picture, return_word_box=True, text_score=MIN_SCORE)
    if found and _is_sideways(found):
        turned, _ = _engine(np.ascontiguousarray(np.rot90(picture, -1)), return_word_box=True, text_score=MIN_SCORE)
        if turned and _score(turned) > _score(found):
            high = picture.shape[0]
            return [_turned_back(w, high / scale) for line in turned for w in _words(line, scale)]
    return [w for line in found or [] for w in _words(line, scale)]


def _words(line: list[Any], scale: float) -> list[PdfWord]:
    """One recognised line as words."""
    outline, text, score = line[0], line[1], float(line[2])
    top, bottom = min(p[1] for p in outline), max(p[1] for p in outline)
    size = max((bottom - top) / scale * TYPE_HEIGHT, 1.0)
    boxes, characters, scores = (line[3], line[4], line[5]) if len(line) > 5 else ([], [], [])
    if not boxes or len(boxes) != len(characters):
        left, right = min(p[0] for p in outline), max(p[0] for p in outline)
        boxes, characters, scores = _spread(left, right, top, bottom, text), list(text), [score] * len(text)
    lefts = [min(p[0] for p in box) for box in boxes]
    rights = [max(p[0] for p in box) for box in boxes]
    pitch = median(r - a for a, r in zip(lefts, rights, strict=True))
    words: list[PdfWord] = []
    run: list[int] = []
    for i, character in enumerate(characters):
        if run and (character.isspace() or lefts[i] - rights[run[-1]] > GAP * pitch):
            words.append(_word(run, characters, boxes, scores, scale, size))
            run = []
        if not character.isspace():
            run.append(i)
    if run:
        words.append(_word(run, characters, boxes, scores, scale, size))
    if words:
        words[-1].ends_line = True
    return words


def _word(
    run: list[int], characters: list[str], boxes: list[Any], scores: list[float], scale: float, size: float
) -> PdfWord:
    points = [p for i in run for p in boxes[i]]
    x0, x1 = min(p[0] for p in points) / scale, max(p[0] for p in points) / scale
    y0, y1 = min(p[1] for p in points) / scale, max(p[1] for p in points) / scale
    confidence = round(float(sum(scores[i] for i in run) / len(run)), 3)
    text = "".join(characters[i] for i in run)
    return PdfWord(text, x0, y0, x1, y1, y1 - 0.2 * size, size, False, True, confidence=confidence)


def _spread(left: float, right: float, top: float, bottom: float, text: str) -> list[list[tuple[float, float]]]:
    """Boxes of equal width, where the recogniser gave none for its characters."""
    step = (right - left) / max(1, len(text))
    return [[(left + i * step, top), (left + (i + 1) * step, bottom)] for i in range(len(text))]


def _even(words: list[PdfWord]) -> float:
    """Give words of about the usual size that size, and return it: differences are those of the boxes."""
    usual = median(w.size for w in words)
    for word in words:
        if 1 / HEADING_RATIO < word.size / usual < HEADING_RATIO:
            word.size = usual
    return usual


def _is_sideways(found: list[Any]) -> bool:
    """Whether most lines stand on end."""
    tall = 0
    for line in found:
        xs, ys = [p[0] for p in line[0]], [p[1] for p in line[0]]
        tall += max(ys) - min(ys) > 1.5 * (max(xs) - min(xs)) and len(line[1]) > 2
    return len(found) >= 4 and 2 * tall > len(found)


def _score(found: list[Any]) -> float:
    return sum(float(line[2]) * len(line[1]) for line in found)


def _turned_back(word: PdfWord, high: float) -> PdfWord:
    """A word of the page turned clockwise, where it stands on the page as it is shown. It reads sideways
    there, but keeps the order of the turned page."""
    x0, y0, x1, y1 = word.y0, high - word.x1, word.y1, high - word.x0
    return PdfWord(word.text, x0, y0, x1, y1, y1, word.size, False, False, word.ends_line, False, word.confidence)
