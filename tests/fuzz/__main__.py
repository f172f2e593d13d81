"""``make fuzz``: atheris on each target in turn, from the corpus; what it finds is printed.

``--keep`` then makes the corpus the smallest files that reach every line reached so far.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.minimising import CORPUS, smallest
from tests.fuzz.targets import CPU_SECONDS, TARGETS

LONGEST = 16_384
"""Bytes of an input: what takes long does so in these, and the corpus stays small."""
RUNS = re.compile(r"stat::number_of_executed_units: +(\d+)")


def main() -> int:
    """0 where nothing was found, else 1."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    add = parser.add_argument
    add("targets", nargs="*", choices=[[], *TARGETS], metavar="TARGET", help=", ".join(TARGETS))
    add("--seconds", type=int, default=600, help="for each target")
    add("--keep", action="store_true", help="add what was reached to tests/fuzz/corpus")
    options = parser.parse_args()
    print("| target | seconds | inputs tried | findings |\n| --- | --- | --- | --- |", flush=True)
    chosen = options.targets or list(TARGETS)
    return max([_fuzzed(name, options.seconds, options.keep) for name in chosen])


def _fuzzed(name: str, seconds: int, keep: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="counterfeit-fuzz-") as folder:
        reached, found, scratch = (Path(folder, part) for part in ("reached", "found", "scratch"))
        for one in (reached, found, scratch):
            one.mkdir()
        done = _run(name, seconds, reached, found, scratch)
        inputs = sorted(found.iterdir())
        runs = RUNS.search(done.stdout)
        print(f"| {name} | {seconds} | {runs[1] if runs else '?'} | {len(inputs)} |", flush=True)
        if done.returncode:
            print(done.stdout[-6000:])
        for one in inputs:
            print(f"{one.name}: {one.read_bytes()[:2000]!r}")
        if keep:
            smallest(TARGETS[name], CORPUS / name, reached)
        return int(bool(done.returncode or inputs))


def _run(
    name: str, seconds: int, reached: Path, found: Path, scratch: Path
) -> subprocess.CompletedProcess[str]:
    options = (
        *(f"-max_total_time={seconds}", "-print_final_stats=1", f"-artifact_prefix={found}/"),
        # The target measures itself; this ends what would never return.
        *(f"-max_len={LONGEST}", f"-timeout={10 * CPU_SECONDS}", "-rss_limit_mb=0"),
        f"-report_slow_units={10 * CPU_SECONDS}",
    )
    folders = (str(reached), str(CORPUS / name))
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.libfuzzer", name, *folders, *options],
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
