"""Killed, interrupted, shared among processes: the published bytes are those of a quiet night."""

import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import boto3
import pyarrow as pa
import pytest

from counterfeit_ml.datasets import IMAGE_SCORES, LISTINGS, SCORED_LISTINGS
from counterfeit_ml.errors import LakeError
from counterfeit_ml.lake import Lake
from counterfeit_ml.patience import patiently
from counterfeit_ml.registry import Registry
from counterfeit_ml.scoring import plan, planning, publish, score_shard
from counterfeit_ml.settings import ROOT, Settings
from tests.proxy import Proxy
from tests.scoring import dying

DS = "1999-05-01"


@dataclass(frozen=True)
class Night:
    """A lake of its own with a day to score."""

    settings: Settings
    env: dict[str, str]

    @property
    def lake(self) -> Lake:
        return Lake(self.settings)

    def published(self) -> dict[str, bytes]:
        """Every object but listings and pictures."""
        lake = self.lake
        given = ("listings/", "images/")
        return {key: lake.get(key) for key in lake.keys("") if not key.startswith(given)}

    def program(self, *arguments: str) -> list[str]:
        """The lines that the program of ``dying`` prints."""
        command = [sys.executable, "-m", "tests.scoring.dying", *arguments]
        done = subprocess.run(
            command, env=self.env, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


@pytest.fixture
def night(services, listing_row, picture, monkeypatch, request):
    """Makes a lake with a day of seven pictures, one of them none, and nothing scored."""
    monkeypatch.setattr(planning, "SHARD_PICTURES", dying.SHARD_PICTURES)
    drawn = [picture(shade, 0, 12) for shade in range(30, 150, 20)] + [b"no picture"]

    def make(name: str) -> Night:
        bucket = f"{name}-{request.node.name.replace('_', '-')}"[:60].strip("-")
        settings = services.settings.model_copy(update={"lake_bucket": bucket})
        client = boto3.client(
            "s3",
            endpoint_url=settings.lake_endpoint,
            aws_access_key_id=settings.lake_access_key,
            aws_secret_access_key=settings.lake_secret_key.get_secret_value(),
            region_name="us-east-1",
        )
        client.create_bucket(Bucket=bucket)
        made = Night(settings, {**services.env, "COUNTERFEIT_LAKE_BUCKET": bucket})
        rows = [
            listing_row(str(number), image_sha256=made.lake.put_image(data))
            for number, data in enumerate(drawn)
        ]
        table = pa.Table.from_pylist(rows, LISTINGS.schema)
        made.lake.write(LISTINGS, table, ds=DS, marketplace="shop")
        return made

    return make


def run(night: Night, version: str) -> None:
    shards = plan(night.settings, DS, version)
    staged = [score_shard(night.settings, version, shard) for shard in shards]
    publish(night.settings, DS, version, staged)


def test_killed_at_each_step_and_run_again_it_publishes_the_same_bytes(night, colour_model):
    quiet, killed = night("quiet"), night("killed")
    run(quiet, colour_model)
    assert killed.program("die", DS, colour_model) == [
        f"{point} 9 {point == 'all published'}" for point in dying.POINTS
    ]
    run(killed, colour_model)
    assert killed.published() == quiet.published()
    assert not [key for key in quiet.published() if key.startswith("_staging")]


def test_two_processes_and_another_order_publish_the_same_bytes(night, colour_model):
    quiet, shared = night("quiet"), night("shared")
    run(quiet, colour_model)
    shards = plan(shared.settings, DS, colour_model)
    shared.program("two", colour_model, *shards)
    staged = shared.lake.staged(IMAGE_SCORES, colour_model)
    assert len(staged) == len(shards) == 4
    publish(shared.settings, DS, colour_model, staged[::-1])
    assert shared.published() == quiet.published()


def test_s3_gone_in_mid_shard_costs_no_picture(night, colour_model, monkeypatch):
    there = night("gone")
    proxy = Proxy(there.settings.lake_endpoint)
    through = there.settings.model_copy(update={"lake_endpoint": proxy.url})
    (shard, *_) = plan(through, DS, colour_model)
    fetch = Registry.fetch

    def fetch_and_lose_s3(self: Registry, version: str) -> Path:
        folder = fetch(self, version)
        proxy.away()
        proxy.back_in(5)
        return folder

    with monkeypatch.context() as patched:
        patched.setattr(Registry, "fetch", fetch_and_lose_s3)
        with suppress(LakeError):
            score_shard(through, colour_model, shard)
    part = patiently(lambda: score_shard(through, colour_model, shard))
    assert there.lake.staged(IMAGE_SCORES, colour_model) == [part]
    run(there, colour_model)
    rows = there.lake.read(SCORED_LISTINGS, ["error"], ds=DS)
    assert rows["error"].null_count == rows.num_rows - 1


def test_a_full_disk_is_one_sentence_and_nothing_is_published(night, colour_model):
    full = night("full")
    Registry(full.settings).fetch(colour_model)
    said = full.program("disk", DS, colour_model)
    assert len(said) == 2
    for sentence in said:
        assert "cannot hold the files of this step: free space there, or name a folder" in sentence
    assert full.published() == {}
    assert not full.lake.exists(SCORED_LISTINGS, ds=DS)
