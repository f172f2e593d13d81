"""The brands' marks, drawn as simple shapes of our own, and marks that no brand owns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw

from counterfeit_ml.brands import NO_LOGO
from counterfeit_ml.sample_marketplace.shapes import (
    MARK,
    Ink,
    arc,
    bezier,
    blank,
    centred,
    drawn,
    polygon,
    scaled,
    slanted,
    smooth,
    stacked,
    star,
    trim,
    union,
    without,
    word,
)

GOLD, SILVER, WHITE, BLACK = (206, 162, 78), (196, 198, 202), (245, 243, 238), (24, 22, 24)
RED, GREEN, BROWN, ORANGE = (178, 28, 38), (22, 96, 62), (84, 52, 34), (226, 112, 36)
NAVY, TAN = (30, 40, 78), (190, 148, 100)

SERIF, SERIF_BOLD, SERIF_ITALIC = "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic"
SERIF_BOLD_ITALIC, SCRIPT = "STIXGeneralBolIta", "cmti10"
SANS, SANS_BOLD = "DejaVuSans", "DejaVuSans-Bold"
HALF = MARK // 2


@dataclass(frozen=True)
class Style:
    """One way a brand marks its products.

    ``draw`` gives a mask to be filled with one of ``inks``, or, where ``inks`` is empty, a
    picture with its own colours. A ``repeated`` mark covers the product as a pattern.
    """

    draw: Callable[[], Image.Image]
    inks: tuple[Ink, ...] = ()
    repeated: bool = False
    weight: int = 1


def chanel_emblem() -> Image.Image:
    """Two C's back to back, linked."""
    left = drawn(arc((150, HALF), 120, 218, 142, 44), MARK, MARK)
    right = drawn(arc((250, HALF), 120, 38, 322, 44), MARK, MARK)
    return trim(union(left, right))


def gucci_emblem() -> Image.Image:
    """Two G's face to face, linked, each with its bar."""
    size, stroke = 500, 32
    strokes = (
        arc((182, 250), 140, 42, 312, stroke),
        lambda draw: draw.rectangle((196, 268, 302, 268 + stroke), fill=255),
        lambda draw: draw.rectangle((272, 268, 272 + stroke, 352), fill=255),
    )
    one = union(*(drawn(stroke, size, size) for stroke in strokes))
    return trim(union(one, one.transpose(Image.Transpose.ROTATE_180)))


def hermes_emblem() -> Image.Image:
    """A wide H with heavy slab feet, as on a buckle."""
    mask = blank(MARK, 320)
    draw = ImageDraw.Draw(mask)
    for box in ((0, 0, 130, 320), (270, 0, 400, 320), (100, 120, 300, 200)):
        draw.rectangle(box, fill=255)
    return mask


def louis_vuitton_emblem() -> Image.Image:
    """L low on the left, V high on the right, crossing."""
    size = 620
    low = centred(word("L", SERIF_ITALIC, 400, weight=5), size, size, -95, 60)
    high = centred(word("V", SERIF_ITALIC, 400, weight=5), size, size, 55, -50)
    return trim(union(low, high))


def quatrefoil() -> Image.Image:
    """Four round petals about a small ring."""
    mask = blank(MARK, MARK)
    draw = ImageDraw.Draw(mask)
    for x, y in ((HALF, 100), (HALF, 300), (100, HALF), (300, HALF)):
        draw.ellipse((x - 95, y - 95, x + 95, y + 95), fill=255)
    draw.ellipse((150, 150, 250, 250), fill=0)
    draw.ellipse((175, 175, 225, 225), fill=255)
    return mask


def michael_kors_emblem() -> Image.Image:
    """MK joined, inside a ring."""
    size = 460
    ring = drawn(arc((size / 2, size / 2), 205, 0, 360, 26), size, size)
    letters = union(
        centred(scaled(word("M", SANS_BOLD, 260), 190), size, size, -62),
        centred(scaled(word("K", SANS_BOLD, 260), 160), size, size, 88),
    )
    return trim(union(ring, letters))


def nike_emblem() -> Image.Image:
    """The swoosh."""
    outline = bezier((120, 110), (60, 190), (50, 250), (150, 240))
    outline += bezier((150, 240), (210, 234), (420, 150), (640, 60))
    outline += bezier((640, 60), (440, 170), (280, 280), (170, 325))
    outline += bezier((170, 325), (20, 385), (-60, 270), (120, 110))
    return trim(drawn(polygon(outline), 760, 400))


def ray_ban_script() -> Image.Image:
    """The name in a leaning script, underlined by its own stroke."""
    return slanted(word("Ray-Ban", SERIF_BOLD_ITALIC, 200, weight=4), 0.12)


def saint_laurent_emblem() -> Image.Image:
    """Y, S and L hanging one in the other, tall and thin."""
    wide, high = 420, 760
    letters = (("Y", 300, 0, -150), ("S", 360, 10, 10), ("L", 300, 40, 170))
    masks = [
        centred(word(text, SERIF, size, weight=3), wide, high, dx, dy)
        for text, size, dx, dy in letters
    ]
    return trim(union(*masks))


def ferragamo_emblem() -> Image.Image:
    """The gancini: two horseshoes back to back with their hooks."""
    wide, high = 620, 400
    strokes = (
        arc((170, 200), 120, 40, 320, 52, squeeze=0.95),
        arc((450, 200), 120, 220, 140, 52, squeeze=0.95),
        lambda draw: draw.rectangle((262, 96, 358, 142), fill=255),
        lambda draw: draw.rectangle((262, 258, 358, 304), fill=255),
        arc((310, 200), 40, 0, 360, 26),
    )
    return trim(union(*(drawn(stroke, wide, high) for stroke in strokes)))


def greek_key(cells: int = 5) -> Image.Image:
    """A meander of ``cells`` turns."""
    unit = 20
    mask = blank(cells * 8 * unit, 9 * unit)
    draw = ImageDraw.Draw(mask)
    turns = ((0, 8), (0, 1), (6, 1), (6, 6), (3, 6), (3, 4), (4.4, 4))
    for cell in range(cells):
        path = [((cell * 8 + x + 0.6) * unit, y * unit) for x, y in turns]
        draw.line(path, fill=255, width=unit, joint="curve")
        right = (cell * 8 + 8.6) * unit
        draw.line([(path[0][0], 8 * unit), (right, 8 * unit)], fill=255, width=unit)
    return mask


def versace_emblem() -> Image.Image:
    """A face with curling hair inside a ring of meanders."""
    size = 560
    middle = size / 2
    ring = union(
        drawn(arc((middle, middle), 262, 0, 360, 16), size, size),
        drawn(arc((middle, middle), 196, 0, 360, 12), size, size),
        _ring_of_keys(size),
    )
    return union(ring, centred(_face(), size, size))


def _ring_of_keys(size: int) -> Image.Image:
    result, middle = blank(size, size), size / 2
    hook = blank(size, size)
    draw = ImageDraw.Draw(hook)
    x, y = middle - 24, middle - 250
    draw.line(
        [(x, y), (x, y + 40), (x + 36, y + 40), (x + 36, y + 16), (x + 18, y + 16)],
        fill=255,
        width=9,
    )
    for turn in range(0, 360, 18):
        result = union(result, hook.rotate(turn, Image.Resampling.BICUBIC))
    return result


def _face() -> Image.Image:
    size = 360
    hair = drawn(polygon(smooth([_curl(step) for step in range(24)], 4)), size, size)
    draw = ImageDraw.Draw(hair)
    draw.ellipse((112, 84, 248, 288), fill=0)
    draw.ellipse((124, 96, 236, 276), fill=255)
    for x in (152, 208):
        draw.ellipse((x - 16, 156, x + 16, 172), fill=0)
    draw.polygon([(180, 170), (168, 214), (192, 214)], fill=0)
    draw.ellipse((156, 232, 204, 246), fill=0)
    return hair


def _curl(step: int) -> tuple[float, float]:
    x, y = star(12, 0.8, 172)[step]
    return x - HALF + 180, y - HALF + 180


def on_field(mask: Image.Image, ink: Ink, field: Ink, radius: int = 60) -> Image.Image:
    """A mark in ``ink`` on a rounded label of colour ``field``."""
    pad_x, pad_y = mask.width // 7, mask.height // 3
    size = (mask.width + 2 * pad_x, mask.height + 2 * pad_y)
    label = Image.new("RGBA", size)
    box = (0, 0, size[0] - 1, size[1] - 1)
    ImageDraw.Draw(label).rounded_rectangle(box, radius, fill=(*field, 255))
    label.paste((*ink, 255), (pad_x, pad_y), mask)
    return label


def gucci_stripe() -> Image.Image:
    """Green, red, green, with the linked G's in gold upon it."""
    label = Image.new("RGBA", (760, 420), (*GREEN, 255))
    ImageDraw.Draw(label).rectangle((0, 140, 760, 280), fill=(*RED, 255))
    emblem = scaled(gucci_emblem(), 360)
    label.paste((*GOLD, 255), (200, (420 - emblem.height) // 2), emblem)
    return label


def versace_medallion() -> Image.Image:
    """The face in gold on a black disc."""
    emblem = versace_emblem()
    disc = Image.new("RGBA", emblem.size)
    ImageDraw.Draw(disc).ellipse((0, 0, *emblem.size), fill=(*BLACK, 255))
    disc.paste((*GOLD, 255), (0, 0), emblem)
    return disc


def versace_band() -> Image.Image:
    """The name between two meanders."""
    key = scaled(greek_key(6), 760)
    return stacked(key, word("VERSACE", SERIF_BOLD, 150, 14), key, gap=36)


def invented_checks() -> Image.Image:
    """A tile of squares."""
    mask = blank(MARK, MARK)
    draw = ImageDraw.Draw(mask)
    draw.rectangle((0, 0, HALF, HALF), fill=255)
    draw.rectangle((HALF, HALF, MARK, MARK), fill=255)
    return mask


def invented_heart() -> Image.Image:
    """A heart."""
    half = bezier((200, 360), (-60, 190), (60, 0), (200, 110))
    half += bezier((200, 110), (340, 0), (460, 190), (200, 360))
    return trim(drawn(polygon(half)))


def invented_peaks() -> Image.Image:
    """Three mountains over a line."""
    mask = blank(MARK, 260)
    draw = ImageDraw.Draw(mask)
    for x, top in ((20, 90), (130, 10), (240, 70)):
        draw.polygon([(x, 220), (x + 75, top), (x + 150, 220)], fill=255)
    draw.rectangle((0, 236, MARK, 252), fill=255)
    return mask


def invented_anchor() -> Image.Image:
    """An anchor."""
    strokes = (
        arc((HALF, 60), 36, 0, 360, 22),
        lambda draw: draw.rectangle((186, 90, 214, 370), fill=255),
        lambda draw: draw.rectangle((120, 140, 280, 164), fill=255),
        arc((HALF, 220), 140, 20, 160, 28),
    )
    return trim(union(*(drawn(stroke) for stroke in strokes)))


def invented_stripes() -> Image.Image:
    """Four thin bars of falling length."""
    mask = blank(MARK, 260)
    draw = ImageDraw.Draw(mask)
    for row in range(4):
        draw.rectangle((0, row * 64, MARK - row * 70, row * 64 + 30), fill=255)
    return mask


def _crest(text: str) -> Image.Image:
    shield = drawn(polygon([(40, 20), (360, 20), (360, 220), (200, 380), (40, 220)]))
    inner = drawn(polygon([(62, 42), (338, 42), (338, 208), (200, 350), (62, 208)]))
    return union(
        without(shield, inner), centred(scaled(word(text, SERIF), 130), MARK, MARK, 0, -30)
    )


def _tile(mask: Image.Image) -> Image.Image:
    """A mark with the room it keeps from its neighbours in a pattern."""
    small = scaled(mask, 280)
    return centred(small, 400, small.height + 120)


def _lv_tile() -> Image.Image:
    letters, flower = scaled(louis_vuitton_emblem(), 300), scaled(quatrefoil(), 220)
    row = blank(760, 400)
    row.paste(letters, (40, (400 - letters.height) // 2))
    row.paste(flower, (450, 90))
    return row


METALS = (GOLD, SILVER)
PRINTS = (WHITE, BLACK)

STYLES: Mapping[str, tuple[Style, ...]] = {
    "chanel": (
        Style(chanel_emblem, (GOLD, WHITE, BLACK), weight=4),
        Style(
            lambda: stacked(chanel_emblem(), word("CHANEL", SANS_BOLD, 110, 16)), PRINTS + METALS
        ),
        Style(lambda: _tile(chanel_emblem()), (WHITE, BLACK), repeated=True),
    ),
    "gucci": (
        Style(gucci_emblem, (GOLD, TAN, BLACK, WHITE), weight=2),
        Style(gucci_stripe, weight=3),
        Style(lambda: _tile(gucci_emblem()), (BROWN, TAN, GOLD), repeated=True),
    ),
    "hermes": (
        Style(hermes_emblem, METALS + PRINTS, weight=2),
        Style(
            lambda: on_field(
                stacked(word("HERMÈS", SERIF_BOLD, 150, 10), word("PARIS", SERIF_BOLD, 60, 16)),
                BROWN,
                ORANGE,
                12,
            ),
            weight=2,
        ),
        Style(
            lambda: stacked(scaled(hermes_emblem(), 260), word("HERMÈS", SERIF_BOLD, 110, 12)),
            (GOLD, WHITE, ORANGE),
        ),
    ),
    "louis_vuitton": (
        Style(louis_vuitton_emblem, (GOLD, WHITE, BROWN), weight=2),
        Style(_lv_tile, (GOLD, TAN), repeated=True, weight=3),
        Style(
            lambda: stacked(louis_vuitton_emblem(), word("LOUIS VUITTON", SANS, 84, 8), gap=40),
            (GOLD, WHITE, BLACK),
        ),
    ),
    "michael_kors": (
        Style(michael_kors_emblem, METALS + PRINTS, weight=3),
        Style(
            lambda: stacked(michael_kors_emblem(), word("MICHAEL KORS", SANS_BOLD, 64, 8)),
            METALS + PRINTS,
        ),
        Style(lambda: _tile(michael_kors_emblem()), (TAN, BROWN, WHITE), repeated=True),
    ),
    "nike": (
        Style(nike_emblem, (WHITE, BLACK, RED, ORANGE), weight=4),
        Style(
            lambda: stacked(slanted(word("NIKE", SANS_BOLD, 230, 4), 0.1), nike_emblem(), gap=-30),
            (WHITE, BLACK, RED),
        ),
    ),
    "ray_ban": (
        Style(lambda: on_field(ray_ban_script(), WHITE, RED), weight=3),
        Style(lambda: on_field(ray_ban_script(), GOLD, BLACK, 30)),
    ),
    "saint_laurent": (
        Style(saint_laurent_emblem, (GOLD, WHITE, BLACK), weight=3),
        Style(
            lambda: stacked(
                scaled(saint_laurent_emblem(), 240),
                word("SAINT LAURENT", SANS_BOLD, 66, 4),
                word("PARIS", SANS_BOLD, 34, 10),
            ),
            (GOLD, WHITE, BLACK),
        ),
    ),
    "salvatore_ferragamo": (
        Style(ferragamo_emblem, METALS, weight=3),
        Style(
            lambda: stacked(scaled(ferragamo_emblem(), 380), word("Ferragamo", SCRIPT, 150, 0, 3)),
            METALS + PRINTS,
            weight=2,
        ),
    ),
    "versace": (
        Style(versace_medallion, weight=3),
        Style(versace_emblem, (GOLD, BLACK, WHITE)),
        Style(versace_band, (GOLD, WHITE, BLACK), weight=2),
    ),
    NO_LOGO: (
        Style(lambda: drawn(polygon(star(5, 0.42))), METALS + PRINTS + (RED, NAVY)),
        Style(invented_heart, (RED, WHITE, BLACK, GOLD)),
        Style(invented_peaks, (*PRINTS, NAVY, GREEN)),
        Style(invented_anchor, (*PRINTS, NAVY, GOLD)),
        Style(invented_stripes, (*PRINTS, RED, NAVY)),
        Style(lambda: _crest("AB"), METALS + PRINTS),
        Style(lambda: word("NORDLY", SANS_BOLD, 150, 10), PRINTS + METALS),
        Style(lambda: word("fjell & co", SERIF_ITALIC, 150), PRINTS + METALS),
        Style(lambda: stacked(word("URBAN", SANS, 130, 20), word("1987", SANS, 60, 30)), PRINTS),
        Style(invented_checks, (TAN, WHITE, NAVY, RED), repeated=True),
        Style(lambda: _tile(drawn(polygon(star(8, 0.6)))), PRINTS, repeated=True),
        Style(lambda: _tile(drawn(arc((HALF, HALF), 90, 0, 360, 180))), PRINTS, repeated=True),
    ),
}


@lru_cache(maxsize=64)
def mark_art(brand: str, style: int) -> Image.Image:
    """The drawing of a brand's style: a mask ("L") or a picture with its own colours ("RGBA")."""
    return STYLES[brand][style].draw()


def contrast(one: Ink, other: Ink) -> float:
    """How far apart two colours' luminances are, 0 to 255 (ITU-R BT.601 weights)."""
    weights = (0.299, 0.587, 0.114)
    return abs(sum(w * (a - b) for w, a, b in zip(weights, one, other, strict=True)))


def tinted(mask: Image.Image, ink: Ink) -> Image.Image:
    """A mask filled with ``ink``; metals shine along the diagonal."""
    if ink not in METALS:
        picture = Image.new("RGB", mask.size, ink)
    else:
        shine = _diagonal().resize(mask.size)
        bright = tuple(min(255, channel + 46) for channel in ink)
        dark = tuple(int(channel * 0.72) for channel in ink)
        picture = Image.merge(
            "RGB",
            [shine.point(_ramp(low, high)) for low, high in zip(dark, bright, strict=True)],
        )
    picture.putalpha(ImageChops.duplicate(mask))
    return picture


@lru_cache(maxsize=1)
def _diagonal() -> Image.Image:
    """A ramp from dark to light that leans by 30 degrees."""
    return Image.linear_gradient("L").rotate(30, Image.Resampling.BICUBIC).crop((48, 48, 208, 208))


def _ramp(low: int, high: int) -> list[int]:
    return [low + (high - low) * level // 255 for level in range(256)]
