"""A contact sheet: pictures side by side, each with a few lines of text under it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont, ImageOps

from counterfeit_ml.pictures import open_rgb

MOST = 40
COLUMNS = 8
SIDE = 170  # pixels of a picture's longer side
GAP = 12
LINE = 17
FONT_SIZE = 13


@dataclass(frozen=True)
class Frame:
    """One picture of the sheet, by its digest, and the lines under it."""

    digest: str
    lines: tuple[str, ...]


def contact_sheet(title: str, frames: Sequence[Frame], load: Callable[[str], bytes]) -> Image.Image:
    """The first ``MOST`` frames in rows of ``COLUMNS`` under a title; raises what ``load`` does."""
    shown = frames[:MOST]
    text_lines = max((len(frame.lines) for frame in shown), default=0)
    height = SIDE + 6 + LINE * text_lines + GAP
    rows = -(-len(shown) // COLUMNS)
    size = (COLUMNS * (SIDE + GAP) + GAP, 2 * GAP + LINE + rows * height)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    _write(draw, GAP, GAP, title, size[0] - 2 * GAP)
    for number, frame in enumerate(shown):
        row, column = divmod(number, COLUMNS)
        left, top = GAP + column * (SIDE + GAP), 2 * GAP + LINE + row * height
        sheet.paste(_picture(frame, load), (left, top))
        for line, text in enumerate(frame.lines):
            _write(draw, left, top + SIDE + 6 + line * LINE, text, SIDE)
    return sheet


def _picture(frame: Frame, load: Callable[[str], bytes]) -> Image.Image:
    return ImageOps.pad(open_rgb(load(frame.digest), SIDE), (SIDE, SIDE), color="whitesmoke")


def _write(draw: ImageDraw.ImageDraw, x: int, y: int, text: str, width: int) -> None:
    """One line of text, its end cut off where it is wider than ``width`` pixels."""
    font = _font()
    whole = text = " ".join(text.split())
    while text and draw.textlength(_shortened(text, whole), font) > width:
        text = text[:-1]
    draw.text((x, y), _shortened(text, whole), fill="black", font=font)


def _shortened(text: str, whole: str) -> str:
    return text if text == whole else f"{text}…"


def _font() -> ImageFont.FreeTypeFont:
    # Matplotlib's own copy of DejaVu Sans: Pillow's built-in font has no arrow and few accents.
    from matplotlib import get_data_path

    return ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", FONT_SIZE)
