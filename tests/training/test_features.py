from hashlib import sha256

import numpy as np

from counterfeit_ml.pictures import decode
from counterfeit_ml.training.features import VIEWS, views
from tests.training.drawn import picture


def test_the_first_view_is_what_scoring_sees():
    data = picture("ring", 0)
    found = views(data, sha256(data).hexdigest())
    assert (found.shape, found.dtype) == ((VIEWS, 224, 224, 3), np.uint8)
    assert np.array_equal(found[0], decode(data))


def test_the_other_views_differ_and_are_the_same_each_time():
    data = picture("ring", 0)
    first, again = (views(data, sha256(data).hexdigest()) for _ in range(2))
    assert np.array_equal(first, again)
    assert all(np.abs(np.int16(first[0]) - view).mean() > 3 for view in first[1:])


def test_a_tiny_picture_has_views_too():
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    Image.new("RGB", (1, 2), "red").save(buffer, "PNG")
    assert views(buffer.getvalue(), "f" * 64).shape == (VIEWS, 224, 224, 3)
