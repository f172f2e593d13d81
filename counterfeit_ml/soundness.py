"""Whether a model's files may score: they load, run, and answer to what they are shown."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.errors import BrokenModelError
from counterfeit_ml.logo_classifier import CLASSES_FILE, MODEL_FILE, LogoClassifier
from counterfeit_ml.pictures import SIZE

PATCHES = 7  # along a side of a drawn picture


def sound_model(folder: Path, name: str) -> LogoClassifier:
    """The model in ``folder``, tried on drawn pictures; ``BrokenModelError`` names it ``name``."""
    try:
        model = LogoClassifier(folder)
        found = model.predict(_drawn_pictures())
    # Not a list of kinds: a damaged file makes the interpreter raise whatever it meets first.
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise _broken(name, f"it does not run ({reason})") from error
    if fault := _fault_of_classes(model.classes) or fault_of(found):
        raise _broken(name, fault)
    return model


def fault_of(probabilities: NDArray[np.float32]) -> str | None:
    """What is wrong with the probabilities (N, classes) of N different pictures, if anything."""
    if not np.isfinite(probabilities).all():
        return "it gives probabilities that are no numbers"
    sums = probabilities.sum(axis=1)
    if probabilities.min() < 0:
        return "it gives probabilities below 0"
    if not np.allclose(sums, 1, atol=1e-3):
        return f"its probabilities sum to {sums.min():.3f} to {sums.max():.3f}, not to 1"
    # To the last bit: a model that sees anything differs at least there.
    if len(probabilities) > 1 and (probabilities == probabilities[0]).all():
        return "it gives the same probabilities whatever it is shown"
    return None


def digest_of(folder: Path) -> str:
    """One sha256 of ``logo.tflite`` and ``classes.json``."""
    parts = [
        sha256((folder / name).read_bytes()).hexdigest() for name in (MODEL_FILE, CLASSES_FILE)
    ]
    return sha256(" ".join(parts).encode()).hexdigest()


def _fault_of_classes(classes: tuple[Any, ...]) -> str | None:
    if not all(isinstance(one, str) and one for one in classes):
        return f"{CLASSES_FILE} holds something that is no name"
    if len(set(classes)) < len(classes) or len(classes) < 2:
        return f"{CLASSES_FILE} names a class twice, or only one"
    return None


def _broken(name: str, fault: str) -> BrokenModelError:
    return BrokenModelError(
        f"{name} is broken: {fault}. The champion stays as it is; retrain, or choose another "
        "version."
    )


def _drawn_pictures() -> NDArray[np.uint8]:
    """uint8 RGB (8, 224, 224, 3): coloured patches, black and white."""
    random = np.random.default_rng(0)
    patches = random.integers(0, 256, (6, PATCHES, PATCHES, 3), np.uint8)
    coloured = patches.repeat(SIZE // PATCHES, axis=1).repeat(SIZE // PATCHES, axis=2)
    plain = [np.full((1, SIZE, SIZE, 3), level, np.uint8) for level in (0, 255)]
    return np.concatenate([coloured, *plain])
