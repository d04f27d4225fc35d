"""A redacted page shows no pixel of what is under its boxes, and its boxes measure nothing."""

import io

import pytest
from PIL import Image

from appliance.documents.document import Block, Page, PageImage, Word
from appliance.errors import Quarantined
from appliance.redaction.blackout import MARGIN, WIDTH_STEP, boxes_of
from appliance.redaction.pages import blacken

PAGE = Page(1, 612.0, 792.0)


def block(*words: tuple[str, float, float]) -> Block:
    text, placed = "", []
    for word, x, y in words:
        text += " " if text else ""
        placed.append(Word(len(text), len(text) + len(word), (x, y, x + 6.0 * len(word), y + 10.0)))
        text += word
    return Block(1, "paragraph", text, words=tuple(placed))


def test_the_width_of_a_box_is_a_step_and_does_not_tell_a_short_name_from_a_long_one() -> None:
    widths = set()
    for name in ("Al", "Ann", "Maria", "Bert"):
        ((left, _, right, _),) = boxes_of(block((name, 100, 100)), 0, len(name), PAGE)
        widths.add(right - left)
    assert widths == {WIDTH_STEP}


def test_a_box_covers_whole_words_with_a_margin() -> None:
    found = boxes_of(block(("Name:Okafor,", 100, 100)), 5, 11, PAGE)
    assert found[0][0] <= 100 - MARGIN
    assert found[0][2] >= 172 + MARGIN
    assert found[0][1] <= 100 - MARGIN
    assert found[0][3] >= 110 + MARGIN


def test_a_name_over_two_lines_has_a_box_on_each() -> None:
    found = boxes_of(block(("Maria", 500, 100), ("Okafor", 72, 114)), 0, 12, PAGE)
    assert len(found) == 2
    assert found[0][2] <= PAGE.width


def test_a_box_at_the_edge_of_the_page_stays_on_it_and_covers_its_word() -> None:
    ((left, _, right, _),) = boxes_of(block(("Okafor", 570, 100)), 0, 6, PAGE)
    assert right == PAGE.width
    assert left <= 570


def test_a_finding_without_geometry_blacks_out_its_whole_line() -> None:
    placed = block(("Patient", 72, 100), ("seen", 130, 100), ("today", 72, 114))
    unplaced = Block(1, "paragraph", "Patient Okafor seen today", words=(
        placed.words[0], Word(15, 19, placed.words[1].box), Word(20, 25, placed.words[2].box),
    ))  # fmt: skip
    found = boxes_of(unplaced, 8, 14, PAGE)
    assert found == ((0.0, 98.5, PAGE.width, 111.5),)


def test_a_finding_only_partly_placed_blacks_out_its_whole_line() -> None:
    half = Block(1, "paragraph", "Maria Okafor", words=(Word(0, 5, (72, 100, 102, 110)),))
    assert boxes_of(half, 0, 12, PAGE)[0][2] == PAGE.width


def test_a_drawn_block_without_any_geometry_blacks_out_the_page() -> None:
    assert boxes_of(Block(1, "paragraph", "Okafor"), 0, 6, PAGE) == ((0.0, 0.0, 612.0, 792.0),)
    assert boxes_of(Block(1, "metadata", "Okafor"), 0, 6, PAGE) == ()
    assert boxes_of(Block(1, "paragraph", "Okafor"), 0, 6, Page(1, 0, 0)) == ()


def picture(width: int = 200, height: int = 100, scale: float = 2.0) -> PageImage:
    noise = bytes((x * 7 + y * 13 + c * 29) % 200 + 56 for y in range(height) for x in range(width) for c in range(3))
    return PageImage(1, width, height, scale, noise)


def test_pixels_under_a_box_are_black_and_carry_nothing_of_what_was_there() -> None:
    one = picture()
    dark = bytearray(one.pixels)
    for y in range(20, 40):
        for x in range(40, 80):
            dark[(y * 200 + x) * 3 : (y * 200 + x) * 3 + 3] = b"\xff\x00\xff"
    other = PageImage(1, 200, 100, 2.0, bytes(dark))
    box = (20.0, 10.0, 40.0, 20.0)
    assert blacken(one, [box]) == blacken(other, [box])
    shown = Image.open(io.BytesIO(blacken(one, [box]))).convert("RGB")
    assert max(max(shown.getpixel((x, y))) for x in range(44, 76) for y in range(24, 36)) < 40
    assert min(max(shown.getpixel((x, y))) for x in range(120, 180) for y in range(60, 90)) > 40


def test_the_image_has_no_metadata_and_is_the_same_each_time() -> None:
    made = blacken(picture(), [])
    assert made == blacken(picture(), [])
    shown = Image.open(io.BytesIO(made))
    assert shown.size == (200, 100)
    assert not {"exif", "icc_profile", "xmp"} & set(shown.info)


@pytest.mark.parametrize("box", [(0, 0, float("nan"), 1), (5, 0, 1, 1), (0, 0, float("inf"), 1)])
def test_a_box_without_shape_stops_the_page(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(Quarantined):
        blacken(picture(), [box])


def test_an_image_with_too_few_pixels_stops_the_page() -> None:
    with pytest.raises(Quarantined):
        blacken(PageImage(1, 10, 10, 1.0, b"short"), [])
