"""Products as shaded shapes: what is for sale, before any mark is put on it."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from counterfeit_ml.sample_marketplace.shapes import Ink, Point, Stroke, grained, polygon, smooth

SUPERSAMPLING = 2
COARSE = 4
"""Soft light and shadows are computed on a picture this many times smaller."""


@dataclass
class Studio:
    """One picture being made: the product lies in a square of ``side`` pixels about ``centre``.

    Shapes are given in that square's coordinates, -0.5 to 0.5 from left to right and top to bottom.
    """

    picture: Image.Image
    centre: Point
    side: float
    shade: Image.Image
    body: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        self.body = Image.new("L", self.picture.size)

    def place(self, point: Point) -> Point:
        """A point of the square in the picture's pixels."""
        return self.centre[0] + point[0] * self.side, self.centre[1] + point[1] * self.side

    def mask(self, *strokes: Stroke) -> Image.Image:
        """What ``strokes``, given in supersampled pixels, cover of the picture."""
        width, height = self.picture.size
        large = Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING))
        draw = ImageDraw.Draw(large)
        for stroke in strokes:
            stroke(draw)
        return large.reduce(SUPERSAMPLING)

    def corners(self, points: Sequence[Point]) -> list[Point]:
        """Points of the square in supersampled pixels."""
        placed = (self.place(point) for point in points)
        return [(x * SUPERSAMPLING, y * SUPERSAMPLING) for x, y in placed]

    def pixels(self, length: float) -> int:
        """A length of the square in supersampled pixels."""
        return max(1, round(length * self.side * SUPERSAMPLING))

    def shape(self, points: Sequence[Point]) -> Stroke:
        """A filled polygon."""
        return polygon(self.corners(points))

    def line(self, points: Sequence[Point], width: float) -> Stroke:
        """An open line of ``width``."""
        corners, pixels = self.corners(points), self.pixels(width)
        return lambda draw: draw.line(corners, fill=255, width=pixels, joint="curve")

    def box(self, left: float, top: float, right: float, bottom: float, radius: float) -> Stroke:
        """A rectangle with round corners."""
        (x0, y0), (x1, y1) = self.corners([(left, top), (right, bottom)])
        pixels = self.pixels(radius)
        return lambda draw: draw.rounded_rectangle((x0, y0, x1, y1), pixels, fill=255)

    def oval(self, x: float, y: float, wide: float, high: float) -> Stroke:
        """A filled ellipse about (x, y) of half axes ``wide`` and ``high``."""
        (x0, y0), (x1, y1) = self.corners([(x - wide, y - high), (x + wide, y + high)])
        return lambda draw: draw.ellipse((x0, y0, x1, y1), fill=255)

    def ring(self, x: float, y: float, wide: float, high: float, width: float) -> Stroke:
        """An ellipse's outline."""
        (x0, y0), (x1, y1) = self.corners([(x - wide, y - high), (x + wide, y + high)])
        pixels = self.pixels(width)
        return lambda draw: draw.ellipse((x0, y0, x1, y1), outline=255, width=pixels)

    def paint(self, mask: Image.Image, colour: Ink, roundness: float = 0.03) -> None:
        """Lay a shaded part of ``colour`` on the picture; its edges turn away from the light."""
        box = mask.getbbox()
        if box is None:
            return
        mask, shade = mask.crop(box), self.shade.crop(box)
        if roundness:
            shade = ImageChops.multiply(shade, self._edge_light(mask, roundness))
        dark, light = tone(colour, 0.35), tone(colour, 1.12, 26)
        material = ImageOps.colorize(shade, dark, light, mid=colour, midpoint=150)
        self.picture.paste(material, box, mask)

    def _edge_light(self, mask: Image.Image, roundness: float) -> Image.Image:
        """Full light inside ``mask``, less within ``roundness`` of its edge."""
        padded = ImageOps.expand(mask, 8).reduce(COARSE)
        soft = padded.filter(ImageFilter.GaussianBlur(roundness * self.side / COARSE))
        full = soft.resize((mask.width + 16, mask.height + 16), Image.Resampling.BILINEAR)
        return full.crop((8, 8, mask.width + 8, mask.height + 8)).point(EDGE_LIGHT)

    def part(self, *strokes: Stroke, colour: Ink, roundness: float = 0.03) -> Image.Image:
        """Draw, paint and return a part."""
        mask = self.mask(*strokes)
        self.paint(mask, colour, roundness)
        return mask

    def main(self, *strokes: Stroke, colour: Ink, roundness: float = 0.05) -> None:
        """The part that a pattern would cover."""
        self.body = ImageChops.lighter(self.body, self.part(*strokes, colour=colour))

    def drop_shadow(self, *strokes: Stroke, depth: float = 0.03, strength: float = 0.5) -> None:
        """Darken the picture beside and below a shape."""
        mask = self.mask(*strokes).reduce(2 * COARSE)
        soft = mask.filter(ImageFilter.GaussianBlur(depth * self.side / (2 * COARSE)))
        shift = max(1, round(depth * self.side / (2 * COARSE)))
        alpha = ImageChops.offset(soft, shift // 2, shift)
        alpha = alpha.point([int(v * strength) for v in range(256)])
        self.picture.paste(
            (18, 16, 20), (0, 0), alpha.resize(self.picture.size, Image.Resampling.BILINEAR)
        )

    def stitches(self, points: Sequence[Point], colour: Ink, step: float = 0.022) -> None:
        """A dashed seam along ``points``."""
        dashes = []
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            count = max(1, int(np.hypot(x1 - x0, y1 - y0) / step))
            for index in range(count):
                a, b = index / count, (index + 0.6) / count
                ends = [(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t) for t in (a, b)]
                dashes.append(self.line(ends, 0.005))
        self.part(*dashes, colour=colour, roundness=0)


EDGE_LIGHT = [min(255, int(130 + 125 * min(1.0, max(0.0, (v - 110) / 130)))) for v in range(256)]


def tone(colour: Ink, factor: float, plus: int = 0) -> Ink:
    """A lighter or darker colour."""
    red, green, blue = (min(255, int(channel * factor) + plus) for channel in colour)
    return red, green, blue


def fabric(random: Random, size: tuple[int, int]) -> Image.Image:
    """How brightly a product is lit: soft folds, a side light, the material's grain."""
    noise = np.random.default_rng(random.getrandbits(64))
    folds = Image.fromarray(noise.integers(130, 216, (7, 5), dtype=np.uint8))
    light = Image.linear_gradient("L").rotate(random.choice((90, 180, 270)))
    bright = [104 + v * 110 // 255 for v in range(256)]
    soft = Image.blend(folds.resize((64, 64)), light.point(bright).resize((64, 64)), 0.4)
    soft = soft.resize(size, Image.Resampling.BILINEAR)
    return grained(random, soft, random.uniform(2, 7))


@dataclass(frozen=True)
class Place:
    """Where a product carries its mark: middle and room (width, height)."""

    centre: Point
    room: Point


Drawing = Callable[[Studio, Random, Ink, Ink], Place]
"""Draws an article of a colour, its fittings of a metal."""


def handbag(studio: Studio, random: Random, colour: Ink, metal: Ink) -> Place:
    """A bag with one handle and, at times, a flap."""
    flare, top = random.uniform(0.0, 0.06), random.uniform(-0.18, -0.1)
    body = smooth(
        [
            (-0.4 + flare, top),
            (0.4 - flare, top),
            (0.43, 0.2),
            (0.4, 0.42),
            (-0.4, 0.42),
            (-0.43, 0.2),
        ],
        4,
    )
    rise = random.uniform(0.2, 0.3)
    handle = studio.ring(0, top, random.uniform(0.18, 0.27), rise, 0.035)
    studio.drop_shadow(studio.shape(body), studio.oval(0, 0.43, 0.44, 0.03))
    studio.part(handle, colour=tone(colour, 0.8, 0), roundness=0.01)
    studio.main(studio.shape(body), colour=colour)
    flap = random.random() < 0.5
    if flap:
        edge = [(-0.4, top), (0.4, top), (0.41, top + 0.14), (0, top + 0.2), (-0.41, top + 0.14)]
        studio.part(studio.shape(edge), colour=tone(colour, 0.92, 4))
        studio.stitches(edge[2:], tone(colour, 0.7, 60))
    studio.stitches([(-0.38, 0.38), (0.38, 0.38)], tone(colour, 0.7, 60))
    rings = [studio.ring(x, top + 0.02, 0.03, 0.03, 0.012) for x in (-0.22, 0.22)]
    studio.part(*rings, colour=metal, roundness=0)
    return Place((0, 0.17 if flap else 0.13), (0.68, 0.46))


def tote(studio: Studio, random: Random, colour: Ink, metal: Ink) -> Place:
    """An open shopping bag with two straps."""
    body = [(-0.38, -0.14), (0.38, -0.14), (0.42, 0.45), (-0.42, 0.45)]
    strap = [
        (-0.2, -0.1),
        (-0.17, -0.36),
        (-0.08, -0.46),
        (0.08, -0.46),
        (0.17, -0.36),
        (0.2, -0.1),
    ]
    studio.drop_shadow(studio.shape(body))
    leather = random.choice((tone(colour, 0.6, 0), (120, 78, 48), (40, 34, 32)))
    studio.part(studio.line([(x, y + 0.04) for x, y in strap], 0.03), colour=leather, roundness=0)
    studio.main(studio.shape(body), colour=colour)
    studio.part(studio.line(strap, 0.035), colour=leather, roundness=0.01)
    studio.part(
        studio.shape([(-0.38, -0.14), (0.38, -0.14), (0.385, -0.1), (-0.385, -0.1)]), colour=leather
    )
    studio.part(*(studio.oval(x, -0.08, 0.014, 0.014) for x in (-0.2, 0.2)), colour=metal)
    return Place((0, 0.18), (0.68, 0.5))


def shoe(studio: Studio, random: Random, colour: Ink, metal: Ink) -> Place:
    """A low shoe seen from its side, the toe on the right."""
    upper = smooth(
        [
            (-0.44, 0.14), (-0.46, -0.08), (-0.4, -0.24), (-0.24, -0.25), (-0.14, -0.16),
            (0.0, -0.12), (0.2, 0.0), (0.42, 0.06), (0.48, 0.14), (0.4, 0.2), (-0.3, 0.2),
        ]
    )  # fmt: skip
    sole = [(-0.46, 0.14), (0.47, 0.14), (0.49, 0.2), (0.45, 0.25), (-0.44, 0.25), (-0.47, 0.2)]
    studio.drop_shadow(studio.oval(0, 0.25, 0.48, 0.035), strength=0.7)
    studio.main(studio.shape(upper), colour=colour)
    rubber = random.choice(((236, 234, 228), (40, 38, 40), (206, 176, 128)))
    studio.part(studio.shape(smooth(sole, 4)), colour=rubber)
    toe = smooth([(0.28, 0.14), (0.3, 0.05), (0.4, 0.06), (0.47, 0.14)], 4)
    studio.part(studio.shape(toe), colour=tone(colour, 0.8, 30))
    collar = smooth([(-0.4, -0.23), (-0.25, -0.24), (-0.16, -0.17), (-0.26, -0.15), (-0.36, -0.16)])
    studio.part(studio.shape(collar), colour=tone(colour, 0.5, 0))
    laces = [
        studio.line(
            [(-0.12 + k * 0.07, -0.19 + k * 0.03), (-0.05 + k * 0.06, -0.08 + k * 0.03)], 0.016
        )
        for k in range(4)
    ]
    studio.part(*laces, colour=rubber, roundness=0)
    return Place((-0.1, 0.03), (0.5, 0.27))


def _mirrored(points: Sequence[Point]) -> list[Point]:
    """The same points on the other side, in the order that closes the outline."""
    return [(-x, y) for x, y in reversed(points)]


def cap(studio: Studio, random: Random, colour: Ink, metal: Ink) -> Place:
    """A baseball cap from the front."""
    crown = [(-0.4, 0.16), (-0.39, -0.08), (-0.24, -0.33), (0, -0.4)]
    dome = smooth(crown + _mirrored(crown[:-1]))
    brim = [(0, 0.42), (-0.38, 0.34), (-0.44, 0.14), (-0.2, 0.1)]
    visor = smooth(brim + _mirrored(brim[1:]))
    studio.drop_shadow(studio.shape(visor), depth=0.05)
    studio.main(studio.shape(dome), colour=colour)
    seams = [
        studio.line([(-0.2, -0.34), (-0.28, -0.1), (-0.3, 0.14)], 0.004),
        studio.line([(0.2, -0.34), (0.28, -0.1), (0.3, 0.14)], 0.004),
    ]
    studio.part(*seams, colour=tone(colour, 0.6, 0), roundness=0)
    peak = colour if random.random() < 0.6 else tone(colour, 0.55, 10)
    studio.part(studio.shape(visor), colour=peak)
    for inset in (0.03, 0.06):
        studio.stitches(
            [(-0.38 + inset, 0.3 - inset), (0, 0.4 - inset), (0.38 - inset, 0.3 - inset)],
            tone(colour, 0.7, 60),
        )
    studio.part(studio.oval(0, -0.4, 0.03, 0.018), colour=peak)
    return Place((0, -0.1), (0.58, 0.4))


def t_shirt(studio: Studio, random: Random, colour: Ink, metal: Ink) -> Place:
    """A T-shirt laid flat."""
    half = [
        (0.1, -0.44),
        (0.2, -0.42),
        (0.36, -0.34),
        (0.5, -0.08),
        (0.37, -0.0),
        (0.29, -0.1),
        (0.29, 0.2),
        (0.3, 0.47),
    ]
    outline = half + _mirrored(half)
    studio.drop_shadow(studio.shape(outline), depth=0.02)
    studio.main(studio.shape(outline), colour=colour)
    studio.part(studio.oval(0, -0.44, 0.12, 0.07), colour=tone(colour, 0.75, 0))
    studio.part(studio.oval(0, -0.46, 0.095, 0.055), colour=tone(colour, 0.45, 0))
    folds = [
        studio.line(
            [(side * 0.29, -0.1), (side * random.uniform(0.15, 0.24), random.uniform(0.1, 0.35))],
            0.006,
        )
        for side in (-1, 1)
    ]
    studio.part(*folds, colour=tone(colour, 0.85, 0), roundness=0)
    studio.stitches([(-0.29, 0.44), (0.29, 0.44)], tone(colour, 0.8, 20), 0.012)
    return Place((0, -0.06), (0.5, 0.5))


def sunglasses(studio: Studio, random: Random, colour: Ink, metal: Ink) -> Place:
    """Sunglasses above their case; the case carries the mark."""
    case = studio.box(-0.45, 0.02, 0.45, 0.46, 0.12)
    studio.drop_shadow(case)
    studio.main(case, colour=colour)
    studio.stitches([(-0.36, 0.055), (0.36, 0.055)], tone(colour, 0.7, 60))
    frame = random.choice(((26, 24, 26), (96, 58, 34), (70, 72, 78)))
    lens = random.choice(((44, 48, 46), (86, 60, 40), (40, 52, 80)))
    shapes = [
        smooth(
            [
                (s * 0.05, -0.3),
                (s * 0.3, -0.34),
                (s * 0.44, -0.3),
                (s * 0.4, -0.12),
                (s * 0.22, -0.07),
                (s * 0.08, -0.14),
            ]
        )
        for s in (-1, 1)
    ]
    studio.drop_shadow(*(studio.shape(shape) for shape in shapes), depth=0.05)
    bridge = studio.line([(-0.08, -0.26), (0, -0.29), (0.08, -0.26)], 0.03)
    arms = [
        studio.line([(s * 0.42, -0.3), (s * 0.46, -0.4), (s * 0.3, -0.44)], 0.02) for s in (-1, 1)
    ]
    rims = [studio.shape(shape) for shape in shapes]
    studio.part(bridge, *arms, *rims, colour=frame, roundness=0.01)
    inner = [
        [(0.24 * s + (x - 0.24 * s) * 0.84, -0.205 + (y + 0.205) * 0.8) for x, y in shape]
        for s, shape in zip((-1, 1), shapes, strict=True)
    ]
    studio.part(*(studio.shape(shape) for shape in inner), colour=lens)
    return Place((0, 0.245), (0.72, 0.35))


def wallet(studio: Studio, random: Random, colour: Ink, metal: Ink) -> Place:
    """A wallet with a stitched edge and, at times, a snap."""
    high = random.uniform(0.28, 0.34)
    cover = studio.box(-0.45, -high, 0.45, high, 0.04)
    studio.drop_shadow(cover)
    studio.part(
        studio.box(-0.44, -high + 0.01, 0.462, high + 0.012, 0.04), colour=tone(colour, 0.6, 0)
    )
    studio.main(cover, colour=colour)
    edge = high - 0.025
    studio.stitches(
        [(-0.42, -edge), (0.42, -edge), (0.42, edge), (-0.42, edge), (-0.42, -edge)],
        tone(colour, 0.7, 60),
    )
    if random.random() < 0.5:
        studio.part(studio.box(0.34, -0.05, 0.48, 0.05, 0.03), colour=tone(colour, 0.85, 0))
        studio.part(studio.oval(0.4, 0, 0.022, 0.022), colour=metal)
        return Place((-0.07, 0), (0.66, 0.48))
    return Place((0, 0), (0.7, 0.5))


def scarf(studio: Studio, random: Random, colour: Ink, metal: Ink) -> Place:
    """A folded scarf with fringes."""
    lean = random.uniform(-0.04, 0.04)
    sheet = [(-0.38 + lean, -0.42), (0.38 + lean, -0.42), (0.38, 0.36), (-0.38, 0.36)]
    fringe = [
        studio.line(
            [
                (-0.37 + k * 0.0257, 0.35),
                (-0.37 + k * 0.0257 + random.uniform(-0.008, 0.008), 0.44),
            ],
            0.009,
        )
        for k in range(30)
    ]
    studio.drop_shadow(studio.shape(sheet))
    studio.part(*fringe, colour=tone(colour, 0.85, 10), roundness=0)
    studio.main(studio.shape(sheet), colour=colour)
    border = tone(colour, 0.6, 20)
    studio.part(
        *(studio.line([(-0.38, y), (0.38, y)], 0.012) for y in (0.29, 0.32)),
        colour=border,
        roundness=0,
    )
    fold = studio.line([(-0.1 + lean, -0.42), (-0.12, 0.36)], 0.006)
    studio.part(fold, colour=tone(colour, 0.7, 0), roundness=0)
    return Place((0, -0.06), (0.64, 0.58))


def belt(studio: Studio, random: Random, colour: Ink, metal: Ink) -> Place:
    """A rolled belt, its end with the wide front plate laid before it."""
    coil = [studio.ring(0.02, -0.26, wide, wide * 0.42, 0.05) for wide in (0.34, 0.26, 0.18)]
    strap = studio.box(-0.52, -0.02, 0.52, 0.22, 0.01)
    studio.drop_shadow(coil[0], strap)
    for turn, ring in enumerate(coil):
        studio.part(ring, colour=tone(colour, 0.85 - 0.15 * turn), roundness=0.015)
    studio.drop_shadow(strap, depth=0.02)
    studio.main(strap, colour=colour)
    for y in (0.0, 0.2):
        studio.stitches([(-0.51, y), (0.51, y)], tone(colour, 0.7, 60))
    holes = [studio.oval(x, 0.1, 0.012, 0.014) for x in (0.37, 0.42, 0.47)]
    studio.part(*holes, colour=tone(colour, 0.3), roundness=0)
    plate = studio.box(-0.38, -0.13, 0.32, 0.33, 0.03)
    studio.drop_shadow(plate, depth=0.02)
    studio.part(plate, studio.box(-0.42, 0.04, -0.34, 0.16, 0.02), colour=metal, roundness=0.015)
    studio.main(studio.box(-0.355, -0.105, 0.295, 0.305, 0.02), colour=tone(colour, 0.94, 4))
    return Place((-0.03, 0.1), (0.58, 0.36))


@dataclass(frozen=True)
class Product:
    """A kind of article; ``focus`` is about where it carries its mark."""

    draw: Drawing
    focus: Point


PRODUCTS: Mapping[str, Product] = {
    "handbag": Product(handbag, (0, 0.15)),
    "tote": Product(tote, (0, 0.18)),
    "shoe": Product(shoe, (-0.1, 0.03)),
    "cap": Product(cap, (0, -0.1)),
    "t_shirt": Product(t_shirt, (0, -0.06)),
    "sunglasses": Product(sunglasses, (0, 0.15)),
    "wallet": Product(wallet, (-0.03, 0)),
    "scarf": Product(scarf, (0, -0.06)),
    "belt": Product(belt, (-0.03, 0.08)),
}
