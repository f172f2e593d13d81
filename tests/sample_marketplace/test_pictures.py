# ruff: noqa: S311 - seeded streams are the point here
import io
from random import Random

import pytest
from PIL import Image

from counterfeit_ml.sample_marketplace.pictures import SIZES, draw_picture
from counterfeit_ml.sample_marketplace.products import PRODUCTS


@pytest.mark.parametrize("brand", ["chanel", "gucci", "no_logo"])
def test_the_same_stream_draws_the_same_bytes_and_another_does_not(brand):
    assert draw_picture(Random("a"), brand) == draw_picture(Random("a"), brand)
    assert draw_picture(Random("a"), brand) != draw_picture(Random("b"), brand)


def test_a_picture_is_a_whole_jpeg_of_a_shops_size_and_weight():
    for stream in range(8):
        product, data = draw_picture(Random(stream), "nike")
        picture = Image.open(io.BytesIO(data))
        picture.load()
        assert (picture.format, picture.mode) == ("JPEG", "RGB")
        assert picture.size in SIZES
        assert product in PRODUCTS
        assert 8_000 < len(data) < 100_000
