"""Pictures of pages (PNG, JPEG, TIFF with many pages): text recognition, and drawing for page images."""

import io
import warnings
from collections.abc import Iterator, Sequence

from PIL import Image, ImageOps, ImageSequence, PngImagePlugin

from appliance.parser.failure import ParseFailure
from appliance.parser.output import Output

DEFAULT_DPI = 200
"""Taken for a picture that does not say its resolution, or says nonsense."""
ORIENTATION = 0x0112
ALLOWED = ("PNG", "JPEG", "TIFF", "MPO")
Image.MAX_IMAGE_PIXELS = None  # the limit of the parse is checked before anything is decoded
PngImagePlugin.MAX_TEXT_MEMORY = 8 * 1024 * 1024


def warm() -> None:
    """Load the decoders of the allowed formats."""
    Image.preinit()
    import PIL.TiffImagePlugin  # noqa: F401


def read(content: bytes, output: Output) -> None:
    """Write the recognised text of every page. Raises ParseFailure."""
    from appliance.parser.formats import ocr

    output.head("image")
    for number, frame in _frames(content, output):
        if output.limits.page and number != output.limits.page:
            continue
        resolution = _resolution(frame) / 72
        across, down = _upright_size(frame)
        if output.page(number, across / resolution, down / resolution, ocr=output.limits.ocr):
            image, scale = _decoded(frame)
            ocr.write_text(image.width, image.height, image.tobytes(), scale, number, output)


def draw(content: bytes, pages: Sequence[int] | None, dpi: int, output: Output) -> None:
    """Write pictures of pages, no larger than they are. Raises ParseFailure."""
    output.head("image")
    for number, frame in _frames(content, output):
        if pages is not None and number not in pages:
            continue
        image, scale = _decoded(frame)
        wanted = min(dpi / 72, scale)
        if wanted < scale:
            size = (max(1, round(image.width * wanted / scale)), max(1, round(image.height * wanted / scale)))
            image = image.resize(size, Image.Resampling.LANCZOS)
        output.drawn_page(number, image.width, image.height, wanted)
        output.pixels(image.tobytes())


def _frames(content: bytes, output: Output) -> Iterator[tuple[int, Image.Image]]:
    """Number and picture of each page, not decoded yet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened = Image.open(io.BytesIO(content), formats=ALLOWED)
            for number, frame in enumerate(ImageSequence.Iterator(opened), 1):
                if number > 1 and opened.format == "MPO":
                    return  # further frames are previews of the same picture
                if frame.width * frame.height > output.limits.max_pixels:
                    raise ParseFailure("too_large", number)
                yield number, frame
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        raise ParseFailure("damaged") from None


def _decoded(frame: Image.Image) -> tuple[Image.Image, float]:
    """The picture in RGB as it is meant to be seen, and its pixels a point."""
    return _on_white(ImageOps.exif_transpose(frame) or frame), _resolution(frame) / 72


def _upright_size(frame: Image.Image) -> tuple[int, int]:
    """Width and height as seen, before anything is decoded: EXIF may turn a picture by a quarter."""
    turned = frame.getexif().get(ORIENTATION, 1) in (5, 6, 7, 8)
    return (frame.height, frame.width) if turned else (frame.width, frame.height)


def _on_white(image: Image.Image) -> Image.Image:
    """As RGB; what is transparent shows white paper."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        coloured = image.convert("RGBA")
        paper = Image.new("RGBA", coloured.size, "white")
        return Image.alpha_composite(paper, coloured).convert("RGB")
    if image.mode.startswith("I"):
        return image.point(lambda v: v / 256).convert("L").convert("RGB")
    return image.convert("RGB")


def _resolution(image: Image.Image) -> float:
    stated = image.info.get("dpi", (0, 0))
    try:
        dpi = float(stated[0])
    except (TypeError, IndexError, ValueError):
        return DEFAULT_DPI
    return dpi if 75 <= dpi <= 1200 else DEFAULT_DPI
