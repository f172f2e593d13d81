"""Whether pyproject.toml and the lock agree, and that the check says where they do not."""

from packaging.requirements import Requirement

from tools.lock import LOCK, Pin, check, faults, pins, required


def test_the_lock_is_that_of_pyproject_toml() -> None:
    assert check() == []


def test_every_package_has_hashes() -> None:
    pinned = pins(LOCK)
    assert len(pinned) > 200
    assert min(one.hashes for one in pinned.values()) > 0


def test_a_requirement_that_is_not_locked_is_named() -> None:
    wanted = [*required(), Requirement("unheard-of>=1")]
    assert faults(wanted, pins(LOCK)) == [
        "pyproject.toml asks for unheard-of>=1, which is not in the lock: run `make lock`."
    ]


def test_a_version_out_of_range_is_named() -> None:
    wanted = [*required(), Requirement("requests<1")]
    (said,) = faults(wanted, pins(LOCK))
    assert said.startswith("pyproject.toml asks for requests<1, but the lock has 2.")


def test_what_a_package_asks_for_in_turn_is_looked_at() -> None:
    pinned = pins(LOCK)
    del pinned["urllib3"]
    assert any(one.startswith("requests asks for urllib3") for one in faults(required(), pinned))


def test_what_nothing_asks_for_is_named() -> None:
    pinned = {**pins(LOCK), "pytest": Pin("9.0", 1)}
    assert faults(required(), pinned) == [
        "pytest is in the lock, but nothing asks for it: run `make lock`."
    ]


def test_a_missing_hash_is_named() -> None:
    pinned = pins(LOCK)
    pinned["requests"] = Pin(pinned["requests"].version, 0)
    assert faults(required(), pinned) == ["requests has no hash: run `make lock`."]
