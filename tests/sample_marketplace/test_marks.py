import pytest

from counterfeit_ml.brands import load_brands
from counterfeit_ml.sample_marketplace.marks import GOLD, STYLES, contrast, mark_art, tinted
from counterfeit_ml.sample_marketplace.pictures import HOUSES, LEAST_CONTRAST
from counterfeit_ml.settings import ROOT

ALL = [(brand, index) for brand, styles in STYLES.items() for index in range(len(styles))]


def test_every_brand_of_the_catalogue_has_marks_and_a_house():
    classes = set(load_brands(ROOT / "config").classes)
    assert set(STYLES) == classes
    assert set(HOUSES) == classes


@pytest.mark.parametrize(("brand", "index"), ALL)
def test_a_mark_covers_a_fair_part_of_its_drawing(brand, index):
    art = mark_art(brand, index)
    cover = art if art.mode == "L" else art.getchannel("A")
    covered = sum(cover.histogram()[128:]) / (art.width * art.height)
    assert covered > 0.05
    assert art.mode == ("L" if STYLES[brand][index].inks else "RGBA")


def test_no_two_marks_are_alike():
    assert len({(art.size, art.tobytes()) for art in (mark_art(*key) for key in ALL)}) == len(ALL)


@pytest.mark.parametrize(("brand", "index"), ALL)
def test_a_mark_can_be_seen_on_some_colour_of_its_house(brand, index):
    inks = STYLES[brand][index].inks
    seen = [contrast(c, ink) >= LEAST_CONTRAST for c in HOUSES[brand].colours for ink in inks]
    assert any(seen) or not inks


def test_gold_shines():
    assert len(tinted(mark_art("chanel", 0), GOLD).convert("RGB").getcolors(1 << 20)) > 20
