import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from counterfeit_ml import patience
from counterfeit_ml.errors import LakeError, PartitionMissingError, RegistryAwayError
from counterfeit_ml.patience import patiently


class Away:
    """Fails so many times, then answers."""

    def __init__(self, times: int, error: Exception) -> None:
        self.left, self.error = times, error

    def __call__(self) -> str:
        self.left -= 1
        if self.left >= 0:
            raise self.error
        return "here"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", (0.11, 0.12))


@pytest.mark.parametrize("error", [LakeError("gone"), RegistryAwayError("gone")])
def test_what_is_away_for_a_moment_is_waited_for(error, caplog):
    with caplog.at_level(logging.WARNING):
        assert patiently(Away(2, error)) == "here"
    assert [record.getMessage() for record in caplog.records] == ["tried again in 0 s: gone"] * 2


def test_what_stays_away_is_said():
    with pytest.raises(LakeError, match=r"^gone$"):
        patiently(Away(3, LakeError("gone")))


def test_what_is_not_there_is_not_waited_for():
    missing = Away(1, PartitionMissingError("never was"))
    with pytest.raises(PartitionMissingError):
        patiently(missing)
    assert missing.left == 0


def test_threads_that_wait_for_one_service_say_it_once(caplog, monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", (0.5,))
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(8) as threads:
        found = list(threads.map(patiently, [Away(1, LakeError("gone")) for _ in range(8)]))
    assert found == ["here"] * 8
    assert caplog.text.count("tried again") == 1
