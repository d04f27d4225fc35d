"""What a PDF says beside its pages' text: metadata, form fields, annotations, names of attachments."""

import pypdfium2 as pdfium

from appliance.parser.formats.pdf_words import View
from appliance.parser.hygiene import squeeze
from appliance.parser.output import Output

_FIELDS = ("Title", "Author", "Subject", "Keywords")


def write_metadata(pdf: pdfium.PdfDocument, output: Output) -> None:
    """Write the document's own description as metadata blocks: it names people too."""
    for key, value in pdf.get_metadata_dict(skip_empty=True).items():
        if key in _FIELDS and value.strip():
            output.block("metadata", f"{key}: {squeeze(value)}")


def write_annotations(pdf: pdfium.PdfDocument, number: int, view: View, output: Output) -> None:
    """Write what forms and annotations say."""
