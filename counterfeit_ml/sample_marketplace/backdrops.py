"""What a seller photographs a product on."""

from collections.abc import Callable
from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from counterfeit_ml.sample_marketplace.shapes import Ink, grained

Backdrop = Callable[[Random, tuple[int, int]], Image.Image]

WALLS: tuple[Ink, ...] = (
    (250, 250, 250),
    (238, 236, 232),
    (214, 220, 226),
    (232, 216, 206),
    (196, 208, 196),
    (178, 186, 200),
)
WOODS: tuple[Ink, ...] = ((164, 118, 78), (120, 84, 58), (206, 176, 138), (92, 66, 50))
CLOTHS: tuple[Ink, ...] = ((206, 202, 196), (120, 128, 140), (168, 146, 134), (88, 92, 98))


def flat(random: Random, size: tuple[int, int]) -> Image.Image:
    """A plain wall."""
    return Image.new("RGB", size, random.choice(WALLS))


def studio_sweep(random: Random, size: tuple[int, int]) -> Image.Image:
    """A paper sweep: lighter above, darker towards the floor."""
    wall = random.choice(WALLS)
    shade = Image.linear_gradient("L").resize(size, Image.Resampling.BILINEAR)
    floor = tuple(int(channel * random.uniform(0.62, 0.85)) for channel in wall)
    return ImageOps.colorize(shade, wall, floor)


def cloth(random: Random, size: tuple[int, int]) -> Image.Image:
    """A woven sheet with soft folds."""
    noise = np.random.default_rng(random.getrandbits(64))
    folds = Image.fromarray(noise.integers(90, 176, (6, 4), dtype=np.uint8))
    shade = grained(random, folds.resize(size, Image.Resampling.BILINEAR), 9)
    return _coloured(shade, random.choice(CLOTHS))


def table(random: Random, size: tuple[int, int]) -> Image.Image:
    """Wooden planks with their grain."""
    noise = np.random.default_rng(random.getrandbits(64))
    grain = Image.fromarray(noise.integers(70, 200, (size[1] // 3, 6), dtype=np.uint8))
    shade = grain.resize(size, Image.Resampling.BILINEAR)
    planks = random.randint(4, 7)
    draw = ImageDraw.Draw(shade)
    for plank in range(1, planks):
        y = size[1] * plank // planks
        draw.line([(0, y), (size[0], y)], fill=20, width=2)
    if random.random() < 0.4:
        shade = shade.resize((size[1], size[0])).rotate(90, expand=True).resize(size)
    return _coloured(shade, random.choice(WOODS))


def marble(random: Random, size: tuple[int, int]) -> Image.Image:
    """Pale stone with grey veins."""
    shade = Image.new("L", size, 190)
    draw = ImageDraw.Draw(shade)
    for _ in range(random.randint(3, 6)):
        x, y = random.uniform(0, size[0]), 0.0
        path = [(x, y)]
        while y < size[1]:
            x, y = x + random.uniform(-50, 50), y + random.uniform(20, 70)
            path.append((x, y))
        draw.line(path, fill=random.randint(120, 165), width=random.randint(2, 5))
    return _coloured(shade.filter(ImageFilter.GaussianBlur(3)), (228, 228, 230))


def room(random: Random, size: tuple[int, int]) -> Image.Image:
    """A room out of focus: large blurred patches."""
    small = Image.new("RGB", (size[0] // 8, size[1] // 8), random.choice(WALLS))
    draw = ImageDraw.Draw(small)
    for _ in range(7):
        x, y = random.uniform(0, small.width), random.uniform(0, small.height)
        wide, high = random.uniform(4, 22), random.uniform(4, 22)
        level = random.randint(80, 215)
        colour = tuple(level + random.randint(-22, 22) for _ in range(3))
        draw.ellipse((x - wide, y - high, x + wide, y + high), fill=colour)
    return small.filter(ImageFilter.GaussianBlur(5)).resize(size, Image.Resampling.BILINEAR)


def _coloured(shade: Image.Image, colour: Ink) -> Image.Image:
    dark = tuple(int(channel * 0.5) for channel in colour)
    light = tuple(min(255, channel + 30) for channel in colour)
    return ImageOps.colorize(shade, dark, light, mid=colour, midpoint=140)


BACKDROPS: tuple[Backdrop, ...] = (flat, studio_sweep, cloth, table, marble, room)


def vignette(picture: Image.Image) -> Image.Image:
    """Darken the corners a little, as a cheap lens does."""
    return ImageChops.multiply(picture, _lens(picture.size))


@lru_cache(maxsize=16)
def _lens(size: tuple[int, int]) -> Image.Image:
    light = Image.radial_gradient("L").point([255 - v // 6 for v in range(256)]).resize(size)
    return Image.merge("RGB", (light, light, light))
