"""The corpus, what was once found in it, and a few inputs more: the same ones each time."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.minimising import CORPUS, smallest
from tests.fuzz.targets import TARGETS, limited

TRIED = 30


def inputs(name: str) -> list[bytes]:
    return [one.read_bytes() for one in sorted((CORPUS / name).iterdir())]


def test_each_target_has_a_corpus():
    assert {one.name for one in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_once_reached_is_answered(name):
    target = limited(TARGETS[name])
    found = inputs(name)
    assert found
    for data in found:
        target(data)


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_near_it_is_answered(name):
    target, known = limited(TARGETS[name]), st.sampled_from(inputs(name))

    @settings(max_examples=TRIED, derandomize=True, deadline=None, database=None)
    @given(known, known, st.integers(0, 400), st.binary(max_size=20))
    def try_one(left: bytes, right: bytes, at: int, between: bytes) -> None:
        target(left[:at] + between + right[at:])

    try_one()


def test_the_smallest_inputs_that_reach_every_line_are_kept(tmp_path):
    def target(data: bytes) -> None:
        if data.startswith(b"a"):
            len(data)

    kept, reached = Path(tmp_path, "kept"), Path(tmp_path, "reached")
    for folder, words in ((kept, (b"long", b"aaaa")), (reached, (b"s", b"ab"))):
        folder.mkdir()
        for word in words:
            (folder / word.decode()).write_bytes(word)
    smallest(target, kept, reached)
    assert sorted(one.read_bytes() for one in kept.iterdir()) == [b"ab", b"s"]
