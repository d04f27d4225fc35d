"""Text recognition of pictures of pages: PP-OCRv4 by RapidOCR, its models read from the installed wheel.

The recogniser tells where each character stands and how sure it is; spaces that it loses are seen in the
gaps. Words then go the same way as those of a PDF's text layer: lines, columns, tables, paragraphs.
"""

from collections.abc import Sequence
from itertools import pairwise
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
DOUBT = 0.75
"""A page whose lines score less on average may stand on its head."""
JOINT = 1.1
"""Pieces of a line that are nearer to each other than this many sizes belong together."""
GAP = 0.7
"""What stands between two characters beyond their own widths, as a share of the usual width, is a space."""
EDGE_GAP = 0.35
"""The same, where the characters themselves make a space likely."""
BOLD_STROKE = 1.25
"""Lines whose strokes are this much thicker than usual are set in bold."""
_WIDTHS = {
    **dict.fromkeys("iljI.,:;'|!`", 0.55),
    **dict.fromkeys('tfr()[]-/\\"', 0.75),
    **dict.fromkeys("mw", 1.5),
    **dict.fromkeys("MW@%", 1.6),
    **dict.fromkeys("ABCDEFGHKLNOPQRSTUVXYZ&", 1.25),
}
"""Widths of characters as shares of the usual one: the recogniser's boxes are all alike, centred on each."""
DETECTION_SIDE = 1280
"""Pixels of the longer side at which lines are looked for: half the time of 2000, and the same lines found."""
BLANK_INK = 40
"""Pixels that differ from the paper; with fewer a page is blank and is not looked at."""
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
        from rapidocr_onnxruntime.ch_ppocr_det.utils import DetPreProcess

        cv2.setNumThreads(threads)
        _engine = RapidOCR(intra_op_num_threads=threads, inter_op_num_threads=1)
        detector = _engine.text_det
        shrink = DetPreProcess(DETECTION_SIDE, "max", detector.mean, detector.std)
        detector.get_preprocess = lambda longer_side: shrink


def write_text(
    width: int, height: int, pixels: bytes, scale: float, number: int, output: Output,
    beside: Sequence[PdfWord] = (),
) -> None:  # fmt: skip
    """Write what can be read in a picture of a page: RGB rows, `scale` pixels a point.

    Words that are known already, `beside`, are kept as they are and not read again.
    """
    picture = np.frombuffer(pixels, dtype=np.uint8).reshape(height, width, 3)[:, :, ::-1]
    if is_blank(picture):
        output.warn("blank_page", number)
        return
    words, high = recognise(np.ascontiguousarray(picture), scale, output.limits.threads)
    words = [*beside, *(w for w in words if not _stands_on(w, beside))]
    if not words:
        output.warn("ocr_no_text", number)
        return
    if sum(w.confidence for w in words) / len(words) < LOW_CONFIDENCE:
        output.warn("ocr_low_confidence", number)
    PageWriter(Style(_even(words), ratio=HEADING_RATIO), output).write(words, Rules(), high, number)


def _stands_on(word: PdfWord, others: Sequence[PdfWord]) -> bool:
    """Whether the middle of a word lies on one of the others."""
    x0, y0, x1, y1 = word.shown or (word.x0, word.y0, word.x1, word.y1)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return any(o.x0 - 1 <= x <= o.x1 + 1 and o.y0 - 1 <= y <= o.y1 + 1 for o in others)


def is_blank(picture: Picture) -> bool:
    """Whether a picture shows nothing but paper, of whatever shade."""
    level = picture[:, :, 1].astype(np.int16)
    paper = int(np.sort(level[::8, ::8], axis=None)[level[::8, ::8].size // 2])
    return int((np.abs(level - paper) > 48).sum()) < BLANK_INK


def recognise(picture: Picture, scale: float, threads: int = 1) -> tuple[list[PdfWord], float]:
    """Words of a BGR picture, boxes in points, and the height of the page that they are laid out on.

    A page that lies on its side or stands on its head is turned; the layout is then that of the turned
    page, and `shown` of each word says where it stands on the page as it came. The recogniser's own
    classifier of upside-down lines is not used: it is wrong about long ones.
    """
    load(threads)
    best, turns, seen = _look(picture), 0, picture
    for other in (1, 3) if _is_sideways(best) else (2,) if _mean(best) < DOUBT else ():
        candidate = np.ascontiguousarray(np.rot90(picture, other))
        turned = _look(candidate)
        if _score(turned) > 1.2 * _score(best):
            best, turns, seen = turned, other, candidate
    height, width = (side / scale for side in picture.shape[:2])
    strokes = [_stroke(seen, line[0]) for line in best]
    usual = median(strokes) if strokes else 0.0
    lines = zip(best, strokes, strict=True)
    words = _in_lines([_words(line, scale, stroke > BOLD_STROKE * usual > 0) for line, stroke in lines])
    for word in words if turns else ():
        word.shown = _turned_back(word, turns, width, height)
    return words, width if turns % 2 else height


def _look(picture: Picture) -> list[Any]:
    found, _ = _engine(picture, use_cls=False, return_word_box=True, text_score=MIN_SCORE)
    return found or []


def _in_lines(found: list[list[PdfWord]]) -> list[PdfWord]:
    """The words of all recognised lines; what stands level with little between is one line."""
    joined: list[list[PdfWord]] = []
    for line in sorted((line for line in found if line), key=lambda line: line[0].x0):
        for before in joined:
            last, size = before[-1], max(before[-1].size, line[0].size)
            if abs(last.base - line[0].base) < 0.5 * size and -0.5 * size < line[0].x0 - last.x1 < JOINT * size:
                last.ends_line = False
                line[0].tight = True
                before.extend(line)
                break
        else:
            joined.append(list(line))
    joined.sort(key=lambda line: (line[0].base, line[0].x0))
    return [word for line in joined for word in line]


def _stroke(picture: Picture, outline: list[Any]) -> float:
    """How thick the strokes of a line are, in pixels: the mean length of its horizontal runs of ink."""
    xs, ys = [int(p[0]) for p in outline], [int(p[1]) for p in outline]
    part = picture[max(0, min(ys)) : max(ys) + 1, max(0, min(xs)) : max(xs) + 1].mean(axis=2)
    if part.size < 4:
        return 0.0
    levels = np.sort(part, axis=None)  # np.percentile would import a module, and the cage is shut
    ink = part < (levels[levels.size // 50] + levels[levels.size * 4 // 5]) / 2
    runs = (ink[:, 1:] & ~ink[:, :-1]).sum() + ink[:, 0].sum()
    return float(ink.sum() / runs) if runs else 0.0


def _words(line: list[Any], scale: float, bold: bool = False) -> list[PdfWord]:
    """One recognised line as words."""
    outline, text, score = line[0], line[1], float(line[2])
    top, bottom = min(p[1] for p in outline), max(p[1] for p in outline)
    size = max((bottom - top) / scale * TYPE_HEIGHT, 1.0)
    boxes, characters, scores = (line[3], line[4], line[5]) if len(line) > 5 else ([], [], [])
    if not boxes or len(boxes) != len(characters):
        left, right = min(p[0] for p in outline), max(p[0] for p in outline)
        boxes, characters, scores = _spread(left, right, top, bottom, text), list(text), [score] * len(text)
    spaced = _spaces(boxes, characters)
    words: list[PdfWord] = []
    run: list[int] = []
    for i, character in enumerate(characters):
        if run and (character.isspace() or i in spaced):
            words.append(_word(run, characters, boxes, scores, scale, size))
            run = []
        if not character.isspace():
            run.append(i)
    if run:
        words.append(_word(run, characters, boxes, scores, scale, size))
    for word in words[1:]:
        word.tight = True
    for word in words:
        word.bold = bold
    if words:
        words[-1].ends_line = True
    return words


def _spaces(boxes: list[Any], characters: list[str]) -> set[int]:
    """Indices of characters before which the recogniser lost a space."""
    middles = [sum(p[0] for p in box) / len(box) for box in boxes]
    expected = [(_WIDTHS.get(a, 1.0) + _WIDTHS.get(b, 1.0)) / 2 for a, b in pairwise(characters)]
    steps = [b - a for a, b in pairwise(middles)]
    letters = [i for i, (a, b) in enumerate(pairwise(characters)) if not (a.isspace() or b.isspace())]
    if len(letters) < 3:
        return set()
    unit = median(steps[i] / expected[i] for i in letters)
    return {
        i + 1
        for i in letters
        if steps[i] - expected[i] * unit > (EDGE_GAP if _is_edge(characters[i], characters[i + 1]) else GAP) * unit
    }


def _is_edge(before: str, after: str) -> bool:
    """Whether a space is likely: after a comma and the like, or between a figure and a word."""
    if before in ",;:" and after.isalpha():
        return True
    return (before.isdigit() and after.isalpha() and after.islower()) or (before.islower() and after.isdigit())


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


def _mean(found: list[Any]) -> float:
    return sum(float(line[2]) for line in found) / len(found) if found else 0.0


def _turned_back(word: PdfWord, turns: int, width: float, height: float) -> tuple[float, float, float, float]:
    """Where a word of a page turned counter-clockwise by quarters stands on the page as it came, which is
    `width` by `height` points."""
    if turns == 1:
        return width - word.y1, word.x0, width - word.y0, word.x1
    if turns == 2:
        return width - word.x1, height - word.y1, width - word.x0, height - word.y0
    return word.y0, height - word.x1, word.y1, height - word.x0
