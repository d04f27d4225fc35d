"""What a PDF says beside its pages' text: metadata, form fields, annotations, names of attachments.

All of it can name people, and none of it is in the text layer, so that a redactor would miss it.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from appliance.parser.formats.pdf_words import View
from appliance.parser.hygiene import clean, squeeze
from appliance.parser.output import Output, WordSpan

_FIELDS = ("Title", "Author", "Subject", "Keywords")
_NOTHING = ("anonymous", "(anonymous)", "untitled", "unspecified", "(unspecified)")
"""What generators write when they were told nothing."""
_SILENT = (raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP)
_TEXTLESS = (raw.FPDF_FORMFIELD_PUSHBUTTON, raw.FPDF_FORMFIELD_SIGNATURE, raw.FPDF_FORMFIELD_UNKNOWN)
_TICKS = (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)
MAX_ANNOTATIONS = 5000
MAX_ATTACHMENTS = 200


def write_metadata(pdf: pdfium.PdfDocument, output: Output) -> None:
    """Write the document's own description, and the names of files in it, as metadata blocks."""
    for key, value in pdf.get_metadata_dict(skip_empty=True).items():
        if key in _FIELDS and value.strip() and value.strip().casefold() not in _NOTHING:
            output.block("metadata", f"{key}: {squeeze(value)}")


def write_attachments(pdf: pdfium.PdfDocument, output: Output) -> None:
    """Tell of the files in a PDF."""
    count = min(raw.FPDFDoc_GetAttachmentCount(pdf.raw), MAX_ATTACHMENTS)
    for index in range(count):
        handle = raw.FPDFDoc_GetAttachment(pdf.raw, index)
        name = _string(partial(raw.FPDFAttachment_GetName, handle))
        if name.strip():
            output.block("metadata", f"Attachment: {squeeze(name)}")
        size = ctypes.c_ulong()
        if raw.FPDFAttachment_GetFile(handle, None, 0, size) and size.value:
            output.attach(name or "attachment", size.value, partial(_file, handle, size.value))
        else:
            output.warn("attachment_damaged")


def _file(handle: Any, size: int) -> bytes:
    """The content of an attached file; empty when pdfium cannot unpack it."""
    buffer = ctypes.create_string_buffer(size)
    got = ctypes.c_ulong()
    return buffer.raw if raw.FPDFAttachment_GetFile(handle, buffer, size, got) else b""


def write_annotations(pdf: pdfium.PdfDocument, number: int, view: View, output: Output) -> None:
    """Write the values of form fields as notes and what annotations say as comments, with their boxes."""
    page = pdf[number - 1]
    try:
        count = min(raw.FPDFPage_GetAnnotCount(page.raw), MAX_ANNOTATIONS)
        form = pdf.formenv.raw if count and pdf.formenv is not None else None
        for index in range(count):
            with _annotation(page, index) as annotation:
                if annotation:
                    _write(annotation, form, view, output)
    finally:
        page.close()


@contextmanager
def _annotation(page: pdfium.PdfPage, index: int) -> Iterator[Any]:
    handle = raw.FPDFPage_GetAnnot(page.raw, index)
    try:
        yield handle
    finally:
        if handle:
            raw.FPDFPage_CloseAnnot(handle)


def _write(annotation: Any, form: Any, view: View, output: Output) -> None:
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    if kind in _SILENT:
        return
    if kind == raw.FPDF_ANNOT_WIDGET:
        label, value = _field(annotation, form) if form is not None else ("", "")
        if value.strip():
            _block("note", f"{squeeze(label)}: " if label.strip() else "", squeeze(value), annotation, view, output)
        return
    said = squeeze(_value(annotation, "Contents"))
    if said:
        author = squeeze(_value(annotation, "T"))
        _block("comment", f"{author}: " if author else "", said, annotation, view, output)


def _field(annotation: Any, form: Any) -> tuple[str, str]:
    """A form field's label and what was filled in; "" for what holds no text."""
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in _TEXTLESS:
        return "", ""
    label = _string(lambda b, n: raw.FPDFAnnot_GetFormFieldAlternateName(form, annotation, b, n))
    if not label.strip():
        label = _string(lambda b, n: raw.FPDFAnnot_GetFormFieldName(form, annotation, b, n))
    if kind in _TICKS:
        return label, "yes" if raw.FPDFAnnot_IsChecked(form, annotation) else ""
    return label, _string(lambda b, n: raw.FPDFAnnot_GetFormFieldValue(form, annotation, b, n))


def _value(annotation: Any, key: str) -> str:
    return _string(lambda b, n: raw.FPDFAnnot_GetStringValue(annotation, key.encode(), b, n))


def _string(call: Any) -> str:
    """A UTF-16 string by pdfium's way of asking twice: for the length, then for the bytes."""
    length = call(None, 0)
    if length <= 2:
        return ""
    buffer = ctypes.create_string_buffer(length)
    call(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length)
    return clean(buffer.raw[: length - 2].decode("utf-16-le", "replace"))


def _block(kind: str, lead: str, said: str, annotation: Any, view: View, output: Output) -> None:
    """A block whose words all stand where the annotation does: what is found in it blacks out all of it."""
    rect = raw.FS_RECTF()
    words: list[WordSpan] = []
    if raw.FPDFAnnot_GetRect(annotation, rect):
        left, right = sorted((rect.left, rect.right))
        bottom, top = sorted((rect.bottom, rect.top))
        x0, y0, x1, y1 = (round(v, 2) for v in view.box(left, bottom, right, top))
        at = len(lead)
        for word in said.split(" "):
            words.append((at, at + len(word), x0, y0, x1, y1, 1.0))
            at += len(word) + 1
    output.block(kind, lead + said, words=words)
