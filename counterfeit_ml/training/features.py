"""Frozen features of a picture and of a few altered views of it, computed once and cached."""

import hashlib
import io
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from counterfeit_ml import pictures
from counterfeit_ml.pictures import decode, open_rgb, squash
from counterfeit_ml.progress import track
from counterfeit_ml.training import network
from counterfeit_ml.training.weights import Weights

ALTERED = 3
VIEWS = 1 + ALTERED  # the first is the picture as scoring sees it
AHEAD = 64  # pictures decoded at once: 40 MB of views

log = logging.getLogger(__name__)


def extract(
    digests: Sequence[str], load: Callable[[str], bytes], weights: Weights, cache_dir: Path
) -> NDArray[np.float32]:
    """Features (pictures, ``VIEWS``, features) of the pictures with these sha256 digests."""
    folder = cache_dir / "features" / _recipe(weights)
    folder.mkdir(parents=True, exist_ok=True)
    missing = [digest for digest in digests if not (folder / f"{digest}.npy").exists()]
    log.info("features: %d of %d pictures are cached", len(digests) - len(missing), len(digests))
    if missing:
        _compute(missing, load, weights, folder)
    return np.stack([np.load(folder / f"{digest}.npy") for digest in digests])


def views(data: bytes, digest: str) -> NDArray[np.uint8]:
    """uint8 RGB (``VIEWS``, 224, 224, 3); the altered ones depend on the digest alone."""
    random = np.random.default_rng(int(digest[:16], 16))
    image = open_rgb(data, int(1.5 * pictures.SIZE))
    return np.stack([decode(data), *(squash(_alter(image, random)) for _ in range(ALTERED))])


def _alter(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """Turned, cropped, recoloured and recompressed, never mirrored: a mark has one hand."""
    border = tuple(int(value) for value in np.median(np.asarray(image)[0], axis=0))
    image = image.rotate(random.uniform(-12, 12), Image.Resampling.BILINEAR, fillcolor=border)
    width, height = (max(1, int(side * random.uniform(0.65, 1.0))) for side in image.size)
    left = int(random.integers(0, image.width - width + 1))
    top = int(random.integers(0, image.height - height + 1))
    image = image.crop((left, top, left + width, top + height))
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(random.uniform(0.7, 1.3))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(random.integers(40, 95)))
    return Image.open(buffer).convert("RGB")


def _compute(
    digests: Sequence[str], load: Callable[[str], bytes], weights: Weights, folder: Path
) -> None:
    from ai_edge_litert.interpreter import Interpreter

    # Four times faster on a CPU than Keras's predict.
    content = network.to_litert(network.feature_network(network.feature_layers(weights)))
    interpreter = Interpreter(model_content=content, num_threads=os.cpu_count())
    entry = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(entry, (VIEWS, pictures.SIZE, pictures.SIZE, 3), strict=True)
    interpreter.allocate_tensors()
    result = interpreter.get_output_details()[0]["index"]
    batches = _decoded(digests, load)
    for digest, batch in track(batches, "features", len(digests)):
        interpreter.set_tensor(entry, batch)
        interpreter.invoke()
        _save(folder / f"{digest}.npy", interpreter.get_tensor(result))


def _decoded(
    digests: Sequence[str], load: Callable[[str], bytes]
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Each digest with its views, made in threads, at most ``AHEAD`` pictures ahead."""
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(digests), AHEAD):
            part = digests[start : start + AHEAD]
            made = pool.map(lambda digest: views(load(digest), digest), part)
            yield from zip(part, made, strict=True)


def _save(path: Path, features: NDArray[np.float32]) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        np.save(file, features)
    os.replace(file.name, path)


def _recipe(weights: Weights) -> str:
    """Names the cache folder by all that decides a feature: the weights and this code."""
    digest = hashlib.sha256(weights.sha256.encode())
    for module_file in (__file__, pictures.__file__, network.__file__):
        digest.update(Path(module_file).read_bytes())
    return digest.hexdigest()[:16]
