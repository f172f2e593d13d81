"""Picture statistics against what is known of drawn pictures."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from counterfeit_ml.errors import PictureError
from counterfeit_ml.monitoring.pictures import picture_histograms, picture_statistics
from tests.monitoring.drawn import pictures, png


def grey(level: int, height: int = 60, width: int = 120) -> bytes:
    return png(np.full((height, width, 3), level, np.uint8))


def test_one_grey_is_as_bright_as_it_is_and_has_no_contrast():
    found = picture_statistics(grey(100))
    assert (found.width, found.height, found.aspect, found.type) == (120, 60, 2.0, "PNG")
    assert found.brightness == pytest.approx(100, abs=0.1)
    assert found.contrast == pytest.approx(0, abs=0.01)
    assert found.sharpness == pytest.approx(0, abs=0.01)
    assert found.bytes == len(grey(100))


def test_half_black_half_white_has_the_largest_contrast():
    board = np.zeros((224, 224, 3), np.uint8)
    board[:, 112:] = 255
    assert picture_statistics(png(board)).contrast == pytest.approx(127.5, abs=0.5)


def test_a_blurred_picture_is_less_sharp():
    noise = np.random.default_rng(1).integers(0, 255, (224, 224, 3)).astype(np.uint8)
    soft = Image.fromarray(noise).resize((28, 28)).resize((224, 224))
    blurred = picture_statistics(png(np.asarray(soft))).sharpness
    assert picture_statistics(png(noise)).sharpness > 20 * blurred


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "RGBA", "I;16"])
def test_any_kind_of_pixels_is_read(mode):
    made = Image.new("L", (64, 48), 90)
    shown = made.convert("RGB").convert(mode) if mode != "I;16" else Image.new(mode, (64, 48), 9000)
    buffer = BytesIO()
    shown.save(buffer, "JPEG" if mode == "CMYK" else "PNG")
    assert picture_statistics(buffer.getvalue()).width == 64


@pytest.mark.parametrize("data", [b"", b"<html>", pictures(1, 1)[0][:200]])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(PictureError):
        picture_statistics(data)


def test_a_sample_is_bounded_the_same_each_time_and_of_listings_first_seen_that_day(
    lake, put_day, monkeypatch
):
    monkeypatch.setattr("counterfeit_ml.monitoring.pictures.SAMPLE", 20)
    put_day("1998-06-01", 1, count=1, new=pictures(3, count=50))
    found = picture_histograms(lake, "1998-06-01")
    assert found["picture"].counts == (20,)
    assert picture_histograms(lake, "1998-06-01") == found
    assert picture_histograms(lake, "1998-06-02")["picture"].counts == ()


def test_a_picture_that_is_gone_is_counted(lake, put_day):
    drawn = pictures(4, count=2)
    put_day("1998-06-03", 1, count=1, new=drawn)
    lake.delete([lake.image_key(lake.put_image(drawn[0]))])
    found = picture_histograms(lake, "1998-06-03")["picture"]
    assert dict(zip(found.bins, found.counts, strict=True)) == {"missing": 1, "read": 1}
