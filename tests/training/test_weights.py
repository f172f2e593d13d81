import hashlib

import pytest

from counterfeit_ml.errors import TrainingError
from counterfeit_ml.training import weights
from counterfeit_ml.training.weights import imagenet_weights


@pytest.fixture(scope="session")
def fetched(settings):
    return imagenet_weights(settings.cache_dir)


@pytest.fixture
def unreachable(monkeypatch, unused_port):
    monkeypatch.setattr(weights, "KERAS_URL", f"http://127.0.0.1:{unused_port}/weights.h5")


def cached(settings):
    (path,) = (settings.cache_dir / "weights").glob("*.npz")
    return path


def test_they_are_mobilenet_v1(fetched):
    assert fetched.source in ("keras-applications", "packaged-checkpoint")
    assert sum(array.size for array in fetched.arrays.values()) == 3_228_864
    assert fetched.arrays["conv_pw_13/kernel"].shape == (1, 1, 1024, 1024)


def test_they_are_cached_under_their_hash(fetched, settings):
    digest = hashlib.sha256(cached(settings).read_bytes()).hexdigest()
    assert cached(settings).name == f"{fetched.source}-{digest}.npz"
    assert imagenet_weights(settings.cache_dir).sha256 == fetched.sha256


def test_a_corrupt_cache_is_fetched_again(fetched, settings, tmp_path, unreachable):
    (tmp_path / "weights").mkdir()
    data = bytearray(cached(settings).read_bytes())
    data[len(data) // 2] ^= 1
    broken = tmp_path / "weights" / cached(settings).name
    broken.write_bytes(data)
    again = imagenet_weights(tmp_path)
    assert again.source == "packaged-checkpoint"
    assert [path.name for path in (tmp_path / "weights").iterdir()] == [
        f"packaged-checkpoint-{again.sha256}.npz"
    ]


def test_a_package_with_another_hash_is_refused(tmp_path, monkeypatch, unreachable):
    monkeypatch.setattr(weights, "PACKAGE_SHA256", "0" * 64)
    with pytest.raises(TrainingError) as error:
        imagenet_weights(tmp_path)
    assert "The ImageNet weights cannot be had (keras-applications: " in str(error.value)
    assert "packaged-checkpoint: pip cannot download nudity==0.2.3 (ERROR: " in str(error.value)
    assert not (tmp_path / "weights").exists()


def test_a_checkpoint_with_another_hash_is_refused(tmp_path, monkeypatch, unreachable):
    monkeypatch.setattr(weights, "CHECKPOINT_SHA256", "0" * 64)
    with pytest.raises(TrainingError, match=r"graph\.pb has sha256 3b90af53\w+, not 0000"):
        imagenet_weights(tmp_path)


def test_keras_s_file_is_checked(tmp_path, monkeypatch):
    fake = tmp_path / "weights.h5"
    fake.write_bytes(b"not the weights")
    monkeypatch.setattr(weights, "KERAS_URL", fake.as_uri())
    monkeypatch.setattr(weights, "PACKAGE_SHA256", "0" * 64)
    with pytest.raises(TrainingError, match=r"weights\.h5 has MD5 \w+, not 725ccbd0"):
        imagenet_weights(tmp_path)
