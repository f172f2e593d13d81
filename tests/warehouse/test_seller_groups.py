import pyarrow as pa

from counterfeit_ml.warehouse.seller_groups import seller_groups


def groups(*rows: tuple[str, str | None, str | None]) -> list[str | None]:
    names = ("marketplace", "seller_id", "picture_group")
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    arrays = [pa.array(list(column), pa.string()) for column in columns]
    return seller_groups(pa.table(arrays, names)).to_pylist()


def test_sellers_that_share_a_picture_through_others_are_one_group():
    found = groups(
        ("shop", "s1", "b"), ("shop", "s2", "b"), ("shop", "s2", "a"), ("bazaar", "s3", "a")
    )
    assert found == ["a", "a", "a", "a"]


def test_a_seller_that_shares_none_is_in_no_group():
    assert groups(("shop", "s1", "a"), ("shop", "s1", "a"), ("shop", "s2", "b")) == [None] * 3


def test_one_id_on_two_marketplaces_is_two_sellers():
    assert groups(("shop", "s1", "a"), ("bazaar", "s1", "a"), ("bazaar", "s1", "c")) == ["a"] * 3


def test_unknown_sellers_and_listings_without_a_picture_are_in_no_group():
    found = groups(("shop", None, "a"), ("shop", "s1", "a"), ("shop", "s2", None))
    assert found == [None, None, None]


def test_a_day_without_flags_has_no_groups():
    assert groups() == []
