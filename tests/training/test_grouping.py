from counterfeit_ml.near_duplicates import as_hashes, near_pairs
from counterfeit_ml.training.grouping import Member, join, joined_groups

FAR = 0xFFFF_FFFF_FFFF_FFFF


def member(name: str, looks: int, seller: str | None = None, **place: str) -> Member:
    return Member(name, looks, looks, seller, **place)


def stored(name: str, looks: int, split: str, seller: str | None = None) -> Member:
    return member(name, looks, seller, group=f"group-{name}", split=split)


def groups(placed: list[Member]) -> dict[str, tuple[str | None, str | None]]:
    return {one.digest: (one.group, one.split) for one in placed}


def test_near_is_near_in_both_hashes():
    one = as_hashes([(0, 0)])
    others = as_hashes([(0xFF, 0xFF), (0x1FF, 0), (0, 0x1FF), (0x1, 0x80)])
    assert list(near_pairs(one, others)) == [(0, 0), (0, 3)]
    assert list(near_pairs(one, others, bits=3)) == [(0, 3)]


def test_near_duplicates_are_one_group_through_each_other():
    chain = [member("a", 0), member("b", 0xFF), member("c", 0xFFFF), member("d", FAR)]
    placed, bridging = join(chain, [])
    assert groups(placed) == {
        "a": ("a", None),
        "b": ("a", None),
        "c": ("a", None),
        "d": ("d", None),
    }
    assert bridging == set()


def test_pictures_of_one_seller_are_one_group():
    placed, _ = join([member("a", 0, "s"), member("b", FAR, "s"), member("c", 0xF0F0F0F0)], [])
    assert [one.group for one in placed] == ["a", "a", "c"]


def test_what_joins_a_stored_group_takes_its_name_and_split():
    frozen = [stored("x", 0, "evaluation"), stored("y", FAR, "train", "s")]
    placed, _ = join([member("a", 1), member("b", 0xF0F0F0F0, "s")], frozen)
    assert groups(placed) == {"a": ("group-x", "evaluation"), "b": ("group-y", "train")}


def test_a_bridge_between_the_splits_is_left_out():
    frozen = [stored("x", 0, "evaluation"), stored("y", 0xFFFF, "train")]
    placed, bridging = join([member("bridge", 0xFF), member("c", 0xFF_FFFF)], frozen)
    assert bridging == {"bridge"}
    assert groups(placed) == {"c": ("group-y", "train")}


def test_a_chain_between_the_splits_loses_its_end_at_the_evaluation():
    frozen = [stored("x", 0, "evaluation"), stored("y", 0xFFFFFF, "train")]
    placed, bridging = join([member("a", 0xFF), member("b", 0xFFFF)], frozen)
    assert bridging == {"a"}
    assert groups(placed) == {"b": ("group-y", "train")}


def test_a_seller_of_both_splits_brings_no_more_pictures():
    frozen = [stored("x", 0, "evaluation", "s"), stored("y", FAR, "train", "s")]
    placed, bridging = join([member("a", 0xF0F0F0F0, "s")], frozen)
    assert (placed, bridging) == ([], {"a"})


def test_stored_groups_that_a_picture_ties_are_folded_together():
    members = [
        member("a", 0, group="g1", split="train"),
        member("b", 0xFF, group="g1", split="train"),
        member("c", 0xFFFF, group="g2", split="train"),
        member("d", FAR, group="g3", split="train"),
    ]
    assert joined_groups(members) == ["g1", "g1", "g1", "g3"]
    assert joined_groups([]) == []
