"""The redacted page: raw pixels with black boxes, encoded anew. Nothing else of the file survives.

The text layer, thumbnails, annotations and metadata of the original never reach the image: it is made of
pixels alone. The same pixels and boxes give the same bytes.
"""

import io
import math
from collections.abc import Iterable

from appliance.documents.document import Box, PageImage
from appliance.errors import Quarantined

MEDIA_TYPE = "image/webp"
_QUALITY = 80
_EFFORT = 2


def blacken(image: PageImage, boxes: Iterable[Box]) -> bytes:
    """A WebP image of the page with `boxes`, in points, filled black before it is encoded.

    Raises Quarantined when the pixels are not `width` x `height` RGB rows, or when a box is not a box.
    """
    from PIL import Image, ImageDraw

    if image.width < 1 or image.height < 1 or len(image.pixels) != image.width * image.height * 3:
        raise Quarantined(f"the image of page {image.number} is incomplete", "Ingest the document again")
    picture = Image.frombytes("RGB", (image.width, image.height), image.pixels)
    draw = ImageDraw.Draw(picture)
    for box in boxes:
        if not all(math.isfinite(side) for side in box) or box[2] < box[0] or box[3] < box[1]:
            raise Quarantined(f"a box to black out on page {image.number} has no shape", "Report this")
        left, top = math.floor(box[0] * image.scale), math.floor(box[1] * image.scale)
        right, bottom = math.ceil(box[2] * image.scale), math.ceil(box[3] * image.scale)
        draw.rectangle((left, top, right, bottom), fill=(0, 0, 0))
    encoded = io.BytesIO()
    picture.save(encoded, "WEBP", quality=_QUALITY, method=_EFFORT)
    return encoded.getvalue()
