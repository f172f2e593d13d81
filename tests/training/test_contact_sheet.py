import numpy as np
import pytest

from counterfeit_ml.training.contact_sheet import COLUMNS, GAP, SIDE, Frame, contact_sheet
from tests.training.drawn import picture


def load(digest: str) -> bytes:
    return picture("ring", int(digest))


def test_pictures_stand_in_rows():
    frames = [Frame(str(number), ("ring", "→ bars 0.97")) for number in range(COLUMNS + 1)]
    sheet = contact_sheet("two rows", frames, load)
    one = contact_sheet("one row", frames[:1], load)
    assert sheet.width == one.width == COLUMNS * (SIDE + GAP) + GAP
    assert sheet.height > 1.7 * one.height
    tile = np.asarray(one)[-SIDE - 40 : -60, GAP : GAP + SIDE]
    assert tile.std() > 20


def test_at_most_forty_are_shown():
    frames = [Frame(str(number), ("ring",)) for number in range(41)]
    assert contact_sheet("", frames, load).size == contact_sheet("", frames[:40], load).size


@pytest.mark.parametrize("name", ["W" * 300, "a\nb\tc", "", "Ωμέγα → 東京", "\x00\ud800"])
def test_any_text_stays_under_its_picture(name):
    sheet = contact_sheet(name, [Frame("1", (name,))], load)
    assert (np.asarray(sheet)[60:, GAP + SIDE + GAP :] == 255).all()


def test_nothing_to_show():
    assert contact_sheet("0 of 8 labels may be wrong", [], load).height > 0
