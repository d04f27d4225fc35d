"""Write the sample documents and `ground_truth.json`: `python sample_docs/generate.py [--out FOLDER]`.

The bytes are the same at every run and on every machine with the locked libraries.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from generator import markup, truth
from generator.formats import pdf, plain, scan, sheet, slides, word
from generator.formats.written import Written
from generator.markup import Source
from generator.people import People

HERE = Path(__file__).resolve().parent
CONTENT = HERE / "generator" / "content"
WRITERS: dict[str, Callable[[Source], Written]] = {
    ".pdf": pdf.write,
    ".docx": word.write,
    ".xlsx": sheet.write,
    ".pptx": slides.write,
    ".csv": plain.write_csv,
    ".md": plain.write_markdown,
    ".html": plain.write_html,
    ".eml": plain.write_mail,
}


def generate(out: Path) -> None:
    """Write every document under `out` and the ground truth beside them."""
    people = People(CONTENT / "people.yaml")
    made: dict[str, tuple[Source, Written]] = {}
    for sector in ("bank", "defence", "hospital"):
        for file in sorted((CONTENT / sector).glob("*.txt")):
            source = markup.load(file, sector, people)
            writer = scan.write if "scan" in source.head else WRITERS[Path(source.path).suffix]
            made[source.path] = (source, writer(source))
            target = out / source.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(made[source.path][1].content)
    text = json.dumps(truth.build(CONTENT, people, made), indent=1, ensure_ascii=False, sort_keys=False)
    (out / "ground_truth.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default: this one)")
    generate(parser.parse_args().out)
