import pytest
from platform_airflow.drift_charts import HEIGHT, WIDTH, charts


def row(bins, before, now):
    return {"bins": bins, "reference_counts": before, "counts": now}


def test_both_sides_have_one_scale_and_a_numbers_gaps_stay():
    found = charts(row(list("abcdef"), [0, 10, 0, 0, 0, 0], [0, 0, 0, 5, 5, 0]), ordered=True)
    before, now = found
    assert [bar.title for bar in before.bars] == ["b: 100.0%"]
    assert [bar.title for bar in now.bars] == ["d: 50.0%", "e: 50.0%"]
    assert [bar.x for bar in now.bars] == [WIDTH / 2, WIDTH * 3 / 4]
    assert now.bars[0].height == pytest.approx(before.bars[0].height / 2)
    assert [text.text for text in now.texts] == ["100.0%", "b", "e"]


def test_a_category_has_a_row_for_each_name_on_either_side():
    before, now = charts(row(["JPEG", "PNG", "WEBP"], [3, 1, 0], [0, 4, 0]), ordered=False)
    names = [text.text for text in before.texts if text.anchor == "end"]
    assert names == [text.text for text in now.texts if text.anchor == "end"] == ["JPEG", "PNG"]
    assert now.bars[0].width == 0


@pytest.mark.parametrize("ordered", [True, False])
def test_nothing_counted_is_an_empty_chart(ordered):
    before, now = charts(row(["a", "b"], [0, 0], [0, 0]), ordered=ordered)
    assert (before.bars, now.bars) == ([], [])
    assert charts(row([], [], []), ordered=ordered)[0].height <= HEIGHT
