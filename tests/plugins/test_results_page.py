"""The tab *Results*: what its script reads of others."""

import re

from platform_airflow.results_page import FILES

from counterfeit_ml.scoring.planning import pictures_in, shard_key


def test_the_script_reads_the_model_and_the_pictures_from_a_shard_s_key():
    (pattern,) = re.findall(r"^const SHARD = /(.+)/;$", (FILES / "results.js").read_text(), re.M)
    key = shard_key("2026-11-22", "12", 7, ["a" * 64, "b" * 64])
    found = re.search(pattern.replace(r"\/", "/"), key)
    assert found is not None
    assert found.groups() == ("12", "2")
    assert pictures_in(key) == 2
