"""Pictures of pages are read with boxes and confidence; what would be too large is never decoded."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

Reader = Callable[..., Any]


def picture(lines: list[str]) -> Image.Image:
    """Lines of large type on white."""
    image = Image.new("RGB", (900, 60 + 70 * len(lines)), "white")
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        pen.text((40, 30 + 70 * number), line, fill="black", font=ImageFont.load_default(34))
    return image


def saved(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """A picture as a file."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def scan() -> Image.Image:
    return picture(["Patient Maria Okafor", "Record HG-4471902"])


def test_words_of_a_picture_have_boxes_in_points(read: Reader, scan: Image.Image) -> None:
    reading = read(saved(scan, dpi=(144, 144)), "image")
    assert reading.pages[0]["ocr"]
    assert reading.pages[0]["width"] == pytest.approx(450, abs=1)
    assert "Maria Okafor" in reading.all_text()
    assert "4471902" in reading.all_text()
    words = {b["text"][s:e]: box for b in reading.blocks for s, e, *box in b["words"]}
    pen = ImageDraw.Draw(scan)
    font = ImageFont.load_default(34)
    left = (40 + pen.textlength("Patient ", font=font)) / 2
    right = (40 + pen.textlength("Patient Maria", font=font)) / 2
    assert words["Maria"][0] == pytest.approx(left, abs=6)
    assert words["Maria"][2] == pytest.approx(right, abs=6)
    assert 10 < words["Maria"][1] < 25 < words["Maria"][3] < 45
    assert 0.5 < words["Maria"][4] <= 1


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_page_is_read_and_its_boxes_lie_on_the_page_as_it_came(
    read: Reader, scan: Image.Image, turns: int
) -> None:
    lines = [
        "Discharge letter of the ward",
        "Patient Maria Okafor",
        "Record HG-4471902",
        "Seen by Doctor Osei",
        "Tuesday",
    ]
    turned = picture(lines).rotate(-90 * turns, expand=True)
    reading = read(saved(turned, dpi=(72, 72)), "image")
    assert "Maria Okafor" in reading.all_text()
    words = {b["text"][s:e]: box for b in reading.blocks for s, e, *box in b["words"]}
    scale = 200 / 72
    x, y = (words["Maria"][0] + words["Maria"][2]) / 2 * scale, (words["Maria"][1] + words["Maria"][3]) / 2 * scale
    px, py = 40 + 210 - 55, 30 + 70 + 20
    width, height = 900, 60 + 70 * len(lines)
    expected = {1: (height - py, px), 2: (width - px, height - py), 3: (py, width - px)}[turns]
    assert (x, y) == pytest.approx(expected, abs=40)


def test_every_page_of_a_tiff_is_a_page(read: Reader, draw: Callable[..., Any], scan: Image.Image) -> None:
    other = picture(["Second page here"])
    content = saved(scan, "TIFF", save_all=True, append_images=[other])
    assert [p["number"] for p in read(content, "image", ocr=False).pages] == [1, 2]
    drawn = draw(content, "image", [2], 100)
    assert [p["number"] for p, _ in drawn] == [2]
    assert len(drawn[0][1]) == drawn[0][0]["width"] * drawn[0][0]["height"] * 3


def test_picture_over_the_pixel_limit_is_refused_unopened(read: Reader) -> None:
    bomb = saved(Image.new("1", (30_000, 30_000)))
    assert len(bomb) < 500_000
    assert read(bomb, "image").reason == "too_large"


def test_damaged_picture_is_refused(read: Reader, scan: Image.Image) -> None:
    content = saved(scan)
    assert read(content[: len(content) // 2], "image").reason == "damaged"
    assert read(b"\x89PNG\r\n\x1a\n" + bytes(30), "image").reason == "damaged"
