from pathlib import Path

import pytest

from tests.flagging.judging import Judge


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    return Judge(tmp_path)
