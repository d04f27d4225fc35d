"""PDF by pdfium: text with the place of every word, reading order, headings, lists, tables, forms, scans.

    1. open: a wrong or missing password, a damaged file and too many pages are refused here
    2. sample some pages to learn the style: body size, heading sizes, running headers and footers
    3. page by page: words -> ruled tables -> lines -> columns and tables without rules -> blocks
    4. a page without usable text but with something drawn on it goes through text recognition; so does a scan
       with little text beside it, such as the line of a fax machine, and that text is kept

Only one page and the sampled ones are in memory at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from appliance.parser.failure import ParseFailure
from appliance.parser.formats.pdf_blocks import PageWriter
from appliance.parser.formats.pdf_extras import write_annotations, write_attachments, write_metadata
from appliance.parser.formats.pdf_rules import Rules, rules_of
from appliance.parser.formats.pdf_style import learn
from appliance.parser.formats.pdf_words import PdfWord, View, page_words
from appliance.parser.output import Output

SAMPLED_PAGES = 24
SCANNED = 0.35
"""Share of a page that pictures cover from which text is looked for in them, where the text layer has none there."""
BANDS = 10
GARBAGE = 0.3
"""Share of unreadable characters above which a text layer is not believed."""


def warm() -> None:
    """pdfium is loaded by the import of this module."""


@dataclass(slots=True)
class Page:
    """What was taken from one page."""

    number: int
    view: View
    words: list[PdfWord]
    rules: Rules


def read(content: bytes, output: Output) -> None:
    """Write the frames of a PDF. Raises ParseFailure."""
    pdf = _open(content, output)
    try:
        count = len(pdf)
        output.head("pdf", count)
        if output.limits.page:
            _read_one(pdf, output.limits.page, output)
            return
        if output.contents_only:
            write_attachments(pdf, output)
            return
        sampled = {i: _take(pdf, i) for i in _sample(count)}
        style = learn([page.words for page in sampled.values()], [page.view.height for page in sampled.values()])
        writer = PageWriter(style, output)
        for index in range(count):
            page = sampled.pop(index, None) or _take(pdf, index)
            _write(pdf, page, writer, output)
    finally:
        pdf.close()


def draw(content: bytes, pages: Sequence[int] | None, dpi: int, output: Output) -> None:
    """Write drawn pages, filled-in form fields and annotations included. Raises ParseFailure."""
    pdf = _open(content, output)
    try:
        wanted = range(1, len(pdf) + 1) if pages is None else [n for n in pages if 1 <= n <= len(pdf)]
        output.head("pdf", len(wanted))
        for number in wanted:
            page = pdf[number - 1]
            scale = dpi / 72
            width, height, pixels = picture(page, scale, output.limits.max_pixels, number)
            output.drawn_page(number, width, height, scale)
            output.pixels(pixels)
            page.close()
    finally:
        pdf.close()


def picture(page: pdfium.PdfPage, scale: float, max_pixels: int, number: int) -> tuple[int, int, bytes]:
    """A page as width, height and RGB rows. Raises ParseFailure("too_large") over the pixel limit."""
    width, height = page.get_size()
    if width * scale * height * scale > max_pixels or min(width, height) <= 0:
        raise ParseFailure("too_large", number)
    bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
    image = bitmap.to_pil().convert("RGB")
    pixels = image.tobytes()
    bitmap.close()
    return image.width, image.height, pixels


def _open(content: bytes, output: Output) -> pdfium.PdfDocument:
    try:
        pdf = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise ParseFailure("encrypted") from None
        raise ParseFailure("damaged") from None
    if pdf.get_formtype() != raw.FORMTYPE_NONE:
        pdf.init_forms()
    if len(pdf) > output.limits.max_pages:
        raise ParseFailure("too_many_pages")
    if len(pdf) == 0:
        raise ParseFailure("damaged")
    return pdf


def _sample(count: int) -> list[int]:
    """Page indices spread over the document, always in neighbouring pairs and the first few."""
    if count <= SAMPLED_PAGES:
        return list(range(count))
    step = count / (SAMPLED_PAGES // 2)
    return sorted({min(count - 1, int(i * step) + j) for i in range(SAMPLED_PAGES // 2) for j in (0, 1)})


def _take(pdf: pdfium.PdfDocument, index: int) -> Page:
    try:
        page = pdf[index]
    except pdfium.PdfiumError:
        return Page(index + 1, View(0, 0, 612, 792, 0, 612, 792), [], Rules())
    view = View.of(page)
    text_page = page.get_textpage()
    words = page_words(text_page, view)
    text_page.close()
    rules = rules_of(page, view)
    page.close()
    return Page(index + 1, view, words, rules)


def _write(pdf: pdfium.PdfDocument, page: Page, writer: PageWriter, output: Output) -> None:
    recognise = output.limits.ocr and (_unreadable(page) or _is_scan_beside_text(page))
    now = output.page(page.number, page.view.width, page.view.height, ocr=recognise)
    if page.number == 1:
        write_metadata(pdf, output)
        write_attachments(pdf, output)
    if now:
        _write_recognised(pdf, page, output)
    elif not recognise:
        writer.write(page.words, page.rules, page.view.height, page.number)
    write_annotations(pdf, page.number, page.view, output)


def _read_one(pdf: pdfium.PdfDocument, number: int, output: Output) -> None:
    """Recognise the text of one page."""
    if number > len(pdf):
        raise ParseFailure("damaged", number)
    try:
        opened = pdf[number - 1]
    except pdfium.PdfiumError:
        raise ParseFailure("damaged", number) from None
    view = View.of(opened)
    opened.close()
    output.page(number, view.width, view.height, ocr=True)
    _write_recognised(pdf, _take(pdf, number - 1), output)


def _write_recognised(pdf: pdfium.PdfDocument, page: Page, output: Output) -> None:
    from appliance.parser.formats import ocr

    scale = output.limits.ocr_dpi / 72
    area = page.view.width * page.view.height
    if area * scale * scale > output.limits.max_pixels:
        scale = (output.limits.max_pixels / area) ** 0.5 * 0.99
    drawn = pdf[page.number - 1]
    width, height, pixels = picture(drawn, scale, output.limits.max_pixels, page.number)
    drawn.close()
    beside = page.words if _believable(page.words) else []
    ocr.write_text(width, height, pixels, scale, page.number, output, beside=beside)


def _unreadable(page: Page) -> bool:
    return page.rules.pictured and not _believable(page.words)


def _is_scan_beside_text(page: Page) -> bool:
    """Whether pictures take up much of a page and the text layer says nothing where they are."""
    pictures = [p for p in page.rules.pictures if p[2] > p[0] and p[3] > p[1]]
    covered = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in pictures)
    if not pictures or covered < SCANNED * page.view.width * page.view.height:
        return False
    x0, y0 = min(p[0] for p in pictures), min(p[1] for p in pictures)
    x1, y1 = max(p[2] for p in pictures), max(p[3] for p in pictures)
    inside = [w for w in page.words if x0 <= w.x0 <= x1 and y0 <= w.y0 <= y1]
    bands = {int((w.y0 - y0) / (y1 - y0) * BANDS) for w in inside}
    return len(bands) <= 2


def _believable(words: list[PdfWord]) -> bool:
    """Whether a text layer says something: readable characters, and more than a stamp on a scan."""
    text = "".join(w.text for w in words)
    if len(text) < 16:
        return False
    bad = sum(1 for ch in text if ch == "\ufffd" or ord(ch) < 32 or 0xE000 <= ord(ch) < 0xF900)
    return bad / len(text) < GARBAGE
