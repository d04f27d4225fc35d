"""The redacted pages of a version, drawn when somebody first looks at one, and kept sealed from then on.

Most pages of most documents are never looked at, and to draw one costs as much as a fifth of everything else that is
done for it. What is black on a page is known since redaction, under the version's key; the pixels come from the
encrypted original, in a caged child, into memory only. Where no original stays, every page is drawn before it goes.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import cast

from appliance.documents import intake
from appliance.documents.catalog import Catalog, Version
from appliance.documents.document import DocumentKind
from appliance.documents.originals import Originals
from appliance.documents.pages import PageImages
from appliance.documents.sandbox import Sandbox
from appliance.errors import IntegrityFailure, NotFound, Unreadable
from appliance.redaction.pages import blacken
from appliance.settings import Settings

PAGE_DPI = 110
"""Sharp enough to read a page on a screen, small enough to send: an A4 page is 909 x 1286 pixels."""


class PageDrawing:
    """Draws pages of the versions of one home. Thread-safe. `sandbox` is asked for when the first page is drawn."""

    def __init__(
        self, settings: Settings, catalog: Catalog, originals: Originals, pages: PageImages,
        sandbox: Callable[[], Sandbox],
    ) -> None:  # fmt: skip
        self._settings = settings
        self._sandbox = sandbox
        self._catalog = catalog
        self._originals = originals
        self._pages = pages

    def numbers(self, version: str) -> set[int]:
        """The pages of an indexed version that have an image, or that can be drawn."""
        if not self._originals.kept(version):
            return set(self._pages.numbers(version))
        return {page.number for page in self._catalog.page_facts(version).pages if page.width and page.height}

    def image(self, version: Version, number: int) -> bytes:
        """A page with its identifiers blacked out, as WebP; drawn now if it never was.

        Raises NotFound when it has none, and what `Sandbox.render` raises.
        """
        try:
            return self._pages.get(version.id, number)
        except NotFound:
            if number not in self.numbers(version.id):
                raise NotFound("no such page") from None
            self._draw(version, [number])
            return self._pages.get(version.id, number)

    def draw_all(self, version: Version) -> None:
        """Draw what is not drawn yet, because the original is about to go. Raises NotFound until it is indexed, and as
        `Sandbox.render`."""
        if missing := sorted(self.numbers(version.id) - set(self._pages.numbers(version.id))):
            self._draw(version, missing)

    def draw_left(self, version: Version) -> None:
        """As `draw_all`, for whoever forgets an original: what cannot be drawn must not keep it."""
        with suppress(Unreadable, IntegrityFailure, NotFound):
            self.draw_all(version)

    def _draw(self, version: Version, numbers: list[int]) -> None:
        name, content = self._originals.get(version.id)
        original = replace(intake.accept(content, name, self._settings), kind=cast(DocumentKind, version.kind))
        blackout = self._catalog.page_facts(version.id).blackout
        for image in self._sandbox().render(original, numbers, PAGE_DPI):
            self._pages.put(version.id, image.number, blacken(image, blackout.get(image.number, ())))
