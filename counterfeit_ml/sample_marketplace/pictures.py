"""A product's photograph: backdrop, product, mark and what a camera adds, as JPEG bytes."""

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageFilter

from counterfeit_ml.brands import NO_LOGO
from counterfeit_ml.sample_marketplace.backdrops import BACKDROPS, vignette
from counterfeit_ml.sample_marketplace.marks import (
    BROWN,
    GOLD,
    NAVY,
    ORANGE,
    RED,
    SILVER,
    STYLES,
    Style,
    contrast,
    mark_art,
    tinted,
)
from counterfeit_ml.sample_marketplace.products import PRODUCTS, Place, Studio, fabric
from counterfeit_ml.sample_marketplace.shapes import Ink, Point, grained, scaled, warped

SIZES = ((400, 711), (400, 533), (450, 600), (500, 500), (600, 600), (480, 560), (560, 480))
"""Widths and heights of shops' pictures, in pixels."""

BEIGE, LEATHER, CREAM, PINK = (206, 178, 142), (156, 98, 56), (244, 244, 244), (226, 170, 176)
COAL, OLIVE, GREY, BLUE = (30, 28, 30), (108, 116, 92), (120, 126, 134), (60, 96, 140)
STONE = (226, 220, 210)
COLOURS: tuple[Ink, ...] = (
    *(BEIGE, LEATHER, CREAM, PINK, COAL, OLIVE, GREY, BLUE),
    *(BROWN, NAVY, RED, STONE),
)


@dataclass(frozen=True)
class House:
    """The colours a brand is known for, and what it mostly sells."""

    colours: tuple[Ink, ...]
    products: tuple[str, ...] = tuple(PRODUCTS)


HOUSES: Mapping[str, House] = {
    "chanel": House((COAL, CREAM, BEIGE, PINK), ("handbag", "wallet", "sunglasses", "scarf")),
    "gucci": House((BEIGE, BROWN, CREAM, OLIVE), ("handbag", "tote", "cap", "t_shirt", "belt")),
    "hermes": House((LEATHER, BROWN, GREY, ORANGE), ("handbag", "wallet", "scarf", "belt", "tote")),
    "louis_vuitton": House((BROWN, COAL, LEATHER), ("handbag", "tote", "wallet", "cap", "scarf")),
    "michael_kors": House((LEATHER, NAVY, CREAM, COAL), ("handbag", "tote", "wallet")),
    "nike": House((COAL, CREAM, RED, BLUE, GREY), ("shoe", "cap", "t_shirt", "tote")),
    "ray_ban": House(COLOURS, ("sunglasses", "sunglasses", "sunglasses", "cap", "t_shirt")),
    "saint_laurent": House((COAL, STONE, OLIVE, RED), ("handbag", "tote", "wallet", "t_shirt")),
    "salvatore_ferragamo": House((RED, COAL, NAVY, LEATHER), ("belt", "shoe", "handbag", "wallet")),
    "versace": House((COAL, CREAM, RED, BLUE), ("t_shirt", "cap", "belt", "scarf", "sunglasses")),
    NO_LOGO: House(COLOURS),
}

CLOSENESS = (0.95, 1.2)
"""A product's size as a share of the picture's shorter side: above 1 it is cut, a close-up."""
AIM = 0.7
"""How far the camera turns from the product's middle to where its mark is, 0 to 1."""
LEAST_CONTRAST = 70.0
PLAIN_SHARE = 0.5


def draw_picture(random: Random, brand: str) -> tuple[str, bytes]:
    """Photograph one product that carries ``brand``'s mark: the product's name and JPEG bytes.

    The same state of ``random`` gives the same bytes. ``no_logo`` gives plain products and
    products with marks that no brand owns.
    """
    size = random.choice(SIZES)
    product = random.choice(HOUSES[brand].products)
    index, style = _style(random, brand)
    colour, ink = _colours(random, brand, style)
    studio = _studio(random, size, PRODUCTS[product].focus)
    place = PRODUCTS[product].draw(studio, random, colour, random.choice((GOLD, SILVER)))
    if style is not None:
        art = mark_art(brand, index)
        picture = tinted(art, ink) if style.inks else art
        put = _repeat if style.repeated else _put
        put(studio, random, picture, place)
    return product, _photographed(random, studio.picture)


def _style(random: Random, brand: str) -> tuple[int, Style | None]:
    styles = STYLES[brand]
    if brand == NO_LOGO and random.random() < PLAIN_SHARE:
        return -1, None
    index = random.choices(range(len(styles)), [style.weight for style in styles])[0]
    return index, styles[index]


def _colours(random: Random, brand: str, style: Style | None) -> tuple[Ink, Ink]:
    """A product's colour and an ink that stands out from it."""
    colours = HOUSES[brand].colours
    if style is None or not style.inks:
        return random.choice(colours), GOLD
    pairs = [
        (colour, ink)
        for colour in colours
        for ink in style.inks
        if contrast(colour, ink) >= LEAST_CONTRAST
    ]
    return random.choice(pairs)


def _studio(random: Random, size: tuple[int, int], focus: Point) -> Studio:
    backdrop = random.choice(BACKDROPS)(random, size)
    side = min(size) * random.uniform(*CLOSENESS)
    x, y = (
        length / 2 - AIM * side * aim + random.uniform(-0.02, 0.02) * length
        for length, aim in zip(size, focus, strict=True)
    )
    return Studio(vignette(backdrop), (x, y), side, fabric(random, size))


def _put(studio: Studio, random: Random, mark: Image.Image, place: Place) -> None:
    """Lay one mark on its place, turned and seen a little from the side."""
    fit = min(place.room[0] / mark.width, place.room[1] / mark.height)
    scale = fit * studio.side * random.uniform(0.88, 1.0)
    wide, high = mark.width * scale / 2, mark.height * scale / 2
    turn = math.radians(random.gauss(0, 4))
    x, y = studio.place(place.centre)
    quad = [
        _turned(
            (sx * wide * random.uniform(0.94, 1.04), sy * high * random.uniform(0.94, 1.04)), turn
        )
        for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    ready = scaled(mark, max(8, round(2 * wide * 1.1)))
    art, corner = warped(ready, [(x + dx, y + dy) for dx, dy in quad])
    _blend(studio, art, corner)


def _turned(point: Point, angle: float) -> Point:
    x, y = point
    return x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)


def _blend(studio: Studio, art: Image.Image, corner: tuple[int, int]) -> None:
    """Lay ``art`` on the picture under the product's own light, with a thin shadow."""
    box = (*corner, corner[0] + art.width, corner[1] + art.height)
    light = studio.shade.crop(box).point([min(255, 90 + v) for v in range(256)])
    lit = ImageChops.multiply(art.convert("RGB"), Image.merge("RGB", (light, light, light)))
    alpha = art.getchannel("A")
    shadow = alpha.filter(ImageFilter.GaussianBlur(2)).point([v // 3 for v in range(256)])
    studio.picture.paste((10, 8, 10), (corner[0] + 1, corner[1] + 2), shadow)
    studio.picture.paste(lit, corner, alpha)


def _repeat(studio: Studio, random: Random, tile: Image.Image, place: Place) -> None:
    """Cover the product's body with a pattern of ``tile`` in offset rows."""
    wide = round(studio.side * random.uniform(0.32, 0.42) * (1.5 if tile.width > 500 else 1))
    cell = scaled(tile, wide)
    width, height = (length * 3 // 2 for length in studio.picture.size)
    sheet = Image.new("RGBA", (width, height))
    for row, y in enumerate(range(0, height, cell.height)):
        for x in range(-(row % 2) * wide // 2, width, wide):
            sheet.paste(cell, (x, y))
    sheet = sheet.rotate(random.uniform(-8, 8), Image.Resampling.BILINEAR)
    left, top = width // 6, height // 6
    sheet = sheet.crop((left, top, left + studio.picture.width, top + studio.picture.height))
    sheet.putalpha(ImageChops.multiply(sheet.getchannel("A"), studio.body))
    _blend(studio, sheet, (0, 0))


def _photographed(random: Random, picture: Image.Image) -> bytes:
    """What the camera does: a slight blur, sensor noise, compression."""
    side = random.uniform(0.05, 0.6)
    weights = (side * side, side, side * side, side, 1, side, side * side, side, side * side)
    picture = picture.filter(ImageFilter.Kernel((3, 3), weights))
    exposure = random.uniform(0.9, 1.06)
    picture = picture.point([min(255, round(v * exposure)) for v in range(256)] * 3)
    picture = grained(random, picture, random.uniform(1.0, 4.0))
    stored = io.BytesIO()
    picture.save(stored, "JPEG", quality=random.randint(78, 90), optimize=True)
    return stored.getvalue()
