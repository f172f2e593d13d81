"""Draws a brand's name on pictures without a logo, for brands with few photos.

A name set in type is not the brand's own lettering, but it is how the mark reads; without it a
class of five photos is its five backgrounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from counterfeit_ml.brands import NO_LOGO

ENOUGH = 30
"""A class with so many photos gets none; one with fewer is filled up to it."""
MOST = 2_000
"""Of all classes together, which are in memory."""
FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSerif-Bold"),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic"),
)
HEIGHT = 48
"""Of a capital before it is scaled, in pixels."""

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Rendered:
    """Pictures uint8 (N, side, side, 3) and their labels int64 (N,)."""

    pixels: Pixels
    labels: Labels


def render(
    classes: Sequence[str], labels: Labels, backgrounds: Pixels, side: int, seed: int
) -> Rendered:
    """Marks, ``side`` pixels square, for the classes that are scarce among ``labels``.

    ``backgrounds`` (N, side, side, 3) are pictures without a logo; some, or where there is none
    all, are drawn. The same arguments give the same pictures.
    """
    random = np.random.default_rng(seed)
    scarce = [index for index, name in enumerate(classes) if name != NO_LOGO]
    missing = np.maximum(0, ENOUGH - np.bincount(labels, minlength=len(classes))[scarce])
    share = min(1.0, MOST / max(1, missing.sum()))
    wanted = np.repeat(scarce, (missing * share).astype(int))
    made = np.empty((len(wanted), side, side, 3), np.uint8)
    for place, label in enumerate(wanted):
        background = _background(backgrounds, side, random)
        made[place] = _marked(background, _mark(classes[label], random), random)
    return Rendered(made, wanted.astype(np.int64))


def _background(pictures: Pixels, side: int, random: np.random.Generator) -> Image.Image:
    """A picture without a logo, or two colours that run into each other."""
    if len(pictures) and random.random() < 0.7:
        return Image.fromarray(pictures[random.integers(len(pictures))])
    corners = random.integers(0, 256, (2, 2, 3)).astype(np.uint8)
    return Image.fromarray(corners).resize((side, side), Image.Resampling.BICUBIC)


def _mark(name: str, random: np.random.Generator) -> Image.Image:
    """The name as a grey mask, in a type face and spacing of its own."""
    words = name.upper().split("_") if random.random() < 0.7 else name.title().split("_")
    if random.random() < 0.4:
        words = [" ".join(word) for word in words]  # letters set apart
    text = ("\n" if random.random() < 0.25 else "  ").join(words)
    font = _font(FONTS[random.integers(len(FONTS))])
    box = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), text, font)
    size = int(box[2] - box[0]) + 8, int(box[3] - box[1]) + 8
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).multiline_text(
        (4 - box[0], 4 - box[1]), text, fill=255, font=font, align="center"
    )
    return mask


def _marked(background: Image.Image, mask: Image.Image, random: np.random.Generator) -> Pixels:
    """The mark somewhere on the background, turned, in a colour that stands out."""
    side = background.width
    width = side * random.uniform(0.3, 0.85)
    scale = min(width / mask.width, side * 0.6 / mask.height)
    size = max(1, int(mask.width * scale)), max(1, int(mask.height * scale))
    mask = mask.resize(size, Image.Resampling.LANCZOS)
    mask = mask.rotate(random.normal(0, 8), Image.Resampling.BICUBIC, expand=True)
    mask = mask.resize((min(mask.width, side), min(mask.height, side)))
    left, top = (int(random.integers(0, side - length + 1)) for length in (mask.width, mask.height))
    under = np.asarray(background.crop((left, top, left + mask.width, top + mask.height)))
    light = under.mean() < random.uniform(90, 160)
    grey = random.uniform(190, 256) if light else random.uniform(0, 70)
    colour = np.clip(grey + random.normal(0, 18, 3), 0, 255).astype(int)
    background = background.copy()
    background.paste(tuple(int(part) for part in colour), (left, top), mask)
    return np.asarray(background)


@cache
def _font(name: str) -> ImageFont.FreeTypeFont:
    from matplotlib import get_data_path

    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"), HEIGHT)
