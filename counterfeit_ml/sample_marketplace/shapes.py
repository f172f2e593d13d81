"""Drawing tools on 8-bit masks: words, strokes, splines, perspective."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFont

Point = tuple[float, float]
Ink = tuple[int, int, int]
Stroke = Callable[[ImageDraw.ImageDraw], object]

MARK = 400
"""Marks are drawn at this many pixels a side, larger than shown: the way down smooths them."""


@lru_cache(maxsize=64)
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font that comes with matplotlib, the same on every machine; ``name`` without ``.ttf``."""
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("matplotlib is missing: run `make setup`.")
    path = Path(spec.origin).parent / "mpl-data/fonts/ttf" / f"{name}.ttf"
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def blank(width: int, height: int) -> Image.Image:
    """An empty mask."""
    return Image.new("L", (width, height))


def trim(mask: Image.Image) -> Image.Image:
    """Cut a mask to what is drawn on it."""
    return mask.crop(mask.getbbox() or (0, 0, 1, 1))


def drawn(stroke: Stroke, width: int = MARK, height: int = MARK) -> Image.Image:
    """A mask with one stroke drawn on it."""
    mask = blank(width, height)
    stroke(ImageDraw.Draw(mask))
    return mask


def union(*masks: Image.Image) -> Image.Image:
    """What any of the masks, all of one size, covers."""
    result = masks[0]
    for mask in masks[1:]:
        result = ImageChops.lighter(result, mask)
    return result


def without(mask: Image.Image, hole: Image.Image) -> Image.Image:
    """What ``mask`` covers and ``hole`` does not."""
    return ImageChops.subtract(mask, hole)


def word(text: str, face: str, size: int = 150, spacing: int = 0, weight: int = 0) -> Image.Image:
    """``text`` as a trimmed mask; ``spacing`` and ``weight`` (extra stroke) in pixels."""
    letters = font(face, size)
    width = sum(int(letters.getlength(c)) + spacing for c in text) + 2 * size
    mask = blank(width, 3 * size)
    draw, x = ImageDraw.Draw(mask), float(size)
    for letter in text:
        draw.text((x, size), letter, fill=255, font=letters, stroke_width=weight)
        x += letters.getlength(letter) + spacing
    return trim(mask)


def stacked(*masks: Image.Image, gap: int = 30) -> Image.Image:
    """Masks one under the other, centred."""
    width = max(mask.width for mask in masks)
    result = blank(width, sum(mask.height + gap for mask in masks) - gap)
    y = 0
    for mask in masks:
        result.paste(255, ((width - mask.width) // 2, y), mask)
        y += mask.height + gap
    return result


def scaled(mask: Image.Image, width: int) -> Image.Image:
    """A picture brought to ``width`` pixels, its shape kept."""
    height = max(1, round(mask.height * width / mask.width))
    return mask.resize((width, height), Image.Resampling.LANCZOS)


def centred(mask: Image.Image, width: int, height: int, dx: int = 0, dy: int = 0) -> Image.Image:
    """The mask in the middle of a larger one, moved by ``dx``, ``dy`` pixels."""
    result = blank(width, height)
    result.paste(mask, ((width - mask.width) // 2 + dx, (height - mask.height) // 2 + dy))
    return result


def slanted(mask: Image.Image, slope: float) -> Image.Image:
    """The mask leaning right by ``slope`` pixels a pixel of height."""
    extra = int(abs(slope) * mask.height)
    matrix = (1, slope, -extra if slope > 0 else 0, 0, 1, 0)
    size = (mask.width + extra, mask.height)
    return mask.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


def arc(
    centre: Point, radius: float, start: float, end: float, stroke: int, squeeze: float = 1.0
) -> Stroke:
    """A stroke along a circle; angles in degrees clockwise from three o'clock."""
    (x, y), half = centre, stroke / 2
    wide, high = radius * squeeze + half, radius + half
    box = (x - wide, y - high, x + wide, y + high)
    return lambda draw: draw.arc(box, start, end, fill=255, width=stroke)


def bezier(start: Point, first: Point, second: Point, end: Point, steps: int = 24) -> list[Point]:
    """Points along a cubic Bézier curve."""
    points = []
    for step in range(steps + 1):
        t = step / steps
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        points.append(
            (
                a * start[0] + b * first[0] + c * second[0] + d * end[0],
                a * start[1] + b * first[1] + c * second[1] + d * end[1],
            )
        )
    return points


def smooth(corners: Sequence[Point], steps: int = 8) -> list[Point]:
    """A closed Catmull-Rom spline through ``corners``."""
    count, points = len(corners), []
    for index in range(count):
        before, here, there, after = (corners[(index + k) % count] for k in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            x, y = (_catmull_rom(*axis, t) for axis in zip(before, here, there, after, strict=True))
            points.append((x, y))
    return points


def _catmull_rom(p0: float, p1: float, p2: float, p3: float, t: float) -> float:
    linear, square = p2 - p0, 2 * p0 - 5 * p1 + 4 * p2 - p3
    cube = -p0 + 3 * p1 - 3 * p2 + p3
    return 0.5 * (2 * p1 + linear * t + square * t * t + cube * t**3)


def star(points: int, inner: float, radius: float = MARK / 2 - 10) -> list[Point]:
    """Corners of a star in the middle of a mark's square."""
    middle, corners = MARK / 2, []
    for index in range(2 * points):
        angle = math.pi * index / points - math.pi / 2
        length = radius * (1 if index % 2 == 0 else inner)
        corners.append((middle + length * math.cos(angle), middle + length * math.sin(angle)))
    return corners


def polygon(points: Iterable[Point]) -> Stroke:
    """A filled polygon."""
    corners = list(points)
    return lambda draw: draw.polygon(corners, fill=255)


def warped(picture: Image.Image, quad: Sequence[Point]) -> tuple[Image.Image, tuple[int, int]]:
    """``picture`` with its corners (clockwise from top left) moved to ``quad``.

    Returns the part that is covered and where its top left corner lies.
    """
    left, top = (math.floor(min(corner[axis] for corner in quad)) for axis in (0, 1))
    right, bottom = (math.ceil(max(corner[axis] for corner in quad)) for axis in (0, 1))
    local = [(x - left, y - top) for x, y in quad]
    result = picture.transform(
        (max(1, right - left), max(1, bottom - top)),
        Image.Transform.PERSPECTIVE,
        _perspective(local, picture.size),
        Image.Resampling.BICUBIC,
    )
    return result, (left, top)


def _perspective(quad: Sequence[Point], size: tuple[int, int]) -> list[float]:
    """The eight coefficients that take each corner of ``quad`` to the picture's own corner."""
    width, height = size
    rows, values = [], []
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    for (x, y), (u, v) in zip(quad, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(value) for value in np.linalg.solve(np.array(rows, float), np.array(values))]


GRAIN_SIDE, GRAIN_DEVIATION = 1024, 16.0


@lru_cache(maxsize=1)
def _grain() -> Image.Image:
    """Gaussian noise about the level 128."""
    noise = np.random.default_rng(0).normal(128, GRAIN_DEVIATION, (GRAIN_SIDE, GRAIN_SIDE))
    return Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))


def grained(random: Random, picture: Image.Image, deviation: float) -> Image.Image:
    """The picture (at most ``GRAIN_SIDE`` pixels a side) with noise of ``deviation`` levels."""
    width, height = picture.size
    left = random.randrange(GRAIN_SIDE - width + 1)
    top = random.randrange(GRAIN_SIDE - height + 1)
    gain = deviation / GRAIN_DEVIATION
    levels = [round(128 + (v - 128) * gain) for v in range(256)]
    grain = _grain().crop((left, top, left + width, top + height)).point(levels)
    bands = len(picture.getbands())
    noise = grain if bands == 1 else Image.merge(picture.mode, [grain] * bands)
    return ImageChops.add(picture, noise, offset=-128)
