"""Pictures that the tests draw."""

import io

from PIL import Image


def picture(
    kind: str = "JPEG", colour: tuple[int, int, int] = (200, 30, 30), side: int = 64
) -> bytes:
    """A picture of noise-free stripes in ``colour``, so that it is larger than its header."""
    image = Image.new("RGB", (side, side), colour)
    for column in range(0, side, 3):
        image.paste((column % 256, 255 - column % 256, 90), (column, 0, column + 1, side))
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()
