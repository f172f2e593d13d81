"""In a process of its own: the settings last as long as it does."""

import subprocess
import sys

PROGRAM = """
import psutil
from counterfeit_ml.heap import few_arenas, give_back_memory
few_arenas()
kept = [bytes(1000) for _ in range(200_000)]
del kept[1::2], kept[:]
before = psutil.Process().memory_info().rss
give_back_memory()
assert psutil.Process().memory_info().rss <= before
"""


def test_what_was_freed_is_given_back():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
