"""The lock: what it pins, and whether it is that of pyproject.toml; needs no network.

``python -m tools.lock`` goes from the requirements of pyproject.toml through those of each
installed package. On this machine and Python it must come to exactly what the lock pins.
"""

import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCK, DEV_LOCK = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
RENEW = "run `make lock`"


@dataclass(frozen=True)
class Pin:
    """One package of the lock, and how many files of it may be installed."""

    version: str
    hashes: int


def pins(lock: Path) -> dict[str, Pin]:
    """Every package that is pinned for this machine and Python, by its normalised name."""
    found: dict[str, Pin] = {}
    for block in lock.read_text("utf-8").replace("\\\n", " ").splitlines():
        pinned, *hashes = block.split("--hash=")
        if not pinned.strip() or pinned.lstrip().startswith("#"):
            continue
        one = Requirement(pinned)
        if one.marker is None or one.marker.evaluate():
            (specifier,) = one.specifier
            found[canonicalize_name(one.name)] = Pin(specifier.version, len(hashes))
    return found


def required(extras: Iterable[str] = ()) -> list[Requirement]:
    """What pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    more = [one for extra in extras for one in project["optional-dependencies"][extra]]
    return [Requirement(one) for one in [*project["dependencies"], *more]]


def faults(wanted: list[Requirement], pinned: dict[str, Pin]) -> list[str]:
    """A sentence for everything in which the lock differs from what is wanted."""
    said, seen = [], set[tuple[str, str]]()
    queue = [(one, "pyproject.toml", "") for one in wanted]
    while queue:
        one, by, extra = queue.pop()
        name = canonicalize_name(one.name)
        if one.marker is not None and not one.marker.evaluate({"extra": extra}):
            continue
        said += _unmet(one, by, pinned.get(name))
        for wished in {"", *one.extras} if name in pinned else ():
            if (name, wished) not in seen:
                seen.add((name, wished))
                queue += [(Requirement(text), name, wished) for text in _asked_by(name)]
    unasked = pinned.keys() - {name for name, _ in seen}
    said += [f"{name} is in the lock, but nothing asks for it: {RENEW}." for name in unasked]
    said += [f"{name} has no hash: {RENEW}." for name, pin in pinned.items() if not pin.hashes]
    return sorted(set(said))


def _unmet(one: Requirement, by: str, pin: Pin | None) -> list[str]:
    if pin is None:
        return [f"{by} asks for {one}, which is not in the lock: {RENEW}."]
    if not one.specifier.contains(pin.version, prereleases=True):
        return [f"{by} asks for {one}, but the lock has {pin.version}: {RENEW}."]
    return []


def _asked_by(name: str) -> list[str]:
    return requires(name) or []


def strangers(pinned: dict[str, Pin]) -> list[str]:
    """A sentence for each package that is not installed as it is pinned."""
    return [
        f"{name} {pin.version} is pinned, but {_installed(name)} is installed: run `make setup`."
        for name, pin in pinned.items()
        if _installed(name) != pin.version
    ]


def _installed(name: str) -> str:
    try:
        return distribution(name).version
    except PackageNotFoundError:
        return "none"


def check() -> list[str]:
    """Everything that is wrong with the two locks."""
    run, dev = pins(LOCK), pins(DEV_LOCK)
    apart = [
        f"{name} is {pin.version} in requirements.txt, not in requirements-dev.txt: {RENEW}."
        for name, pin in run.items()
        if name not in dev or dev[name].version != pin.version
    ]
    missing = strangers(dev)
    return apart + (missing or [*faults(required(), run), *faults(required(["dev"]), dev)])


if __name__ == "__main__":
    wrong = check()
    sys.stderr.writelines(f"{one}\n" for one in wrong)
    sys.exit(bool(wrong))
