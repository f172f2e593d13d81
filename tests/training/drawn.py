"""Labelled pictures drawn here: two marks that a model can learn from a handful, and none."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

CATALOGUE = """
brands:
  bars: {name: Bars, price_floor_usd: 10}
  ring: {name: Ring, price_floor_usd: 10}
"""
CLASSES = ("bars", "ring", "no_logo")


def picture(label: str, number: int) -> bytes:
    """JPEG bytes; another number is another cloth, mark colour and place."""
    random = np.random.default_rng([number, CLASSES.index(label)])
    cloth = Image.fromarray(random.integers(60, 200, (6, 5, 3), np.uint8))
    image = cloth.resize((250, 300), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    x, y = (int(value) for value in random.integers(40, 100, 2))
    if label == "ring":
        draw.ellipse((x, y, x + 110, y + 110), outline=(220, 30, 30), width=18)
    if label == "bars":
        for bar in range(3):
            draw.rectangle((x, y + 40 * bar, x + 120, y + 40 * bar + 18), fill=(20, 30, 220))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def draw_labels(directory: Path, each: int = 6, first: int = 0) -> Path:
    """A folder of ``each`` pictures for every class, from number ``first`` on."""
    for label in CLASSES:
        (directory / label).mkdir(parents=True)
        for number in range(first, first + each):
            (directory / label / f"{number}.jpg").write_bytes(picture(label, number))
    return directory
