"""The network: MobileNet v1's pooled features, a linear head on them, and its LiteRT file."""

import contextlib
import os
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.pictures import SIZE
from counterfeit_ml.training.head import Head
from counterfeit_ml.training.weights import Weights, mobilenet

if TYPE_CHECKING:
    import keras

# Early layers see strokes and small marks, the last one sees objects; averages say how much of
# something there is, maxima whether it is anywhere at all. Chosen by grouped cross-validation.
POOLED = (
    ("conv_pw_5_relu", ("max",)),
    ("conv_pw_9_relu", ("avg", "max")),
    ("conv_pw_11_relu", ("avg", "max")),
    ("conv_pw_12_relu", ("avg", "max")),
    ("conv_pw_13_relu", ("avg", "max")),
)
EPSILON = 1e-6


def feature_layers(weights: Weights, size: int = SIZE) -> "keras.Model":
    """Float pictures (N, size, size, 3) in [-1, 1] to float32 features (N, 6400)."""
    import keras

    base = mobilenet(weights, size)
    pools = {
        "avg": keras.layers.GlobalAveragePooling1D,
        "max": keras.layers.GlobalMaxPooling1D,
    }
    parts = []
    for name, kinds in POOLED:
        seen = base.get_layer(name).output
        # Three gradients that meet are added in any order (AddN); behind a reshape only two do.
        places = keras.layers.Reshape((-1, seen.shape[-1]))(seen)
        for kind in kinds:
            parts.append(normalised(pools[kind]()(places)))
    return keras.Model(base.input, keras.layers.Concatenate()(parts))


def normalised(pooled: "keras.KerasTensor") -> "keras.KerasTensor":
    """Activations (N, channels) of at least 0, square-rooted and scaled to length 1 (Perronnin et
    al. 2010): a few strong ones would drown all others.
    """
    import keras

    roots = keras.ops.sqrt(pooled + EPSILON)
    return roots / keras.ops.sqrt(keras.ops.sum(roots**2, axis=1, keepdims=True))


def feature_network(layers: "keras.Model") -> "keras.Model":
    """``feature_layers`` that take uint8 RGB."""
    import keras

    pictures = keras.Input((SIZE, SIZE, 3), dtype="uint8", name="pictures")
    return keras.Model(pictures, layers(keras.layers.Rescaling(1 / 127.5, -1.0)(pictures)))


def classifier(layers: "keras.Model", head: Head) -> "keras.Model":
    """uint8 RGB (N, 224, 224, 3) to calibrated probabilities (N, classes)."""
    import keras

    features = feature_network(layers)
    layer = keras.layers.Dense(head.bias.size, activation="softmax", name="probabilities")
    model = keras.Model(features.input, layer(features.output))
    layer.set_weights([head.kernel, head.bias])
    return model


def to_litert(model: "keras.Model") -> bytes:
    """The model as one float32 LiteRT file."""
    import tensorflow as tf

    # The converter prints every variable it captures.
    with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing):
        converted: bytes = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    return converted


def predict(model: "keras.Model", pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the Keras model gives for a batch."""
    found: NDArray[np.float32] = np.asarray(model(pictures, training=False))
    return found
