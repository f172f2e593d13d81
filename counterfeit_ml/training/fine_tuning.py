"""Fine-tunes the upper blocks of the network together with a head that has been fitted."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import entropy

from counterfeit_ml.progress import track
from counterfeit_ml.training import augmentation
from counterfeit_ml.training.head import Head

if TYPE_CHECKING:
    import keras

# Chosen by grouped cross-validation; lower blocks see edges, which are the same in every picture.
FROZEN_UP_TO = "conv_pw_5_relu"
BATCH = 32
EPOCHS = 30
LEAST_STEPS, MOST_STEPS = 20, 3000
RATE = 4e-4
WARM_UP = 20
DECAY = 1e-4
SMOOTHING = 0.05
CLIP = 2.0
PATIENCE = 3
"""Epochs at the least loss there can be, after which there is nothing more to learn."""
EXCESS = 0.02
"""Nats above that least loss which still count as reaching it."""

Labels = NDArray[np.int64]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pictures:
    """Those of ``pixels`` (all, SIDE, SIDE, 3) that are ``chosen`` (N,), with their labels (N,)."""

    pixels: NDArray[np.uint8]
    chosen: NDArray[np.int64]
    labels: Labels


@dataclass(frozen=True)
class Tuned:
    """The head that belongs to the layers tuned, and the loss after each step."""

    head: Head
    loss: list[float]


def fine_tune(layers: "keras.Model", head: Head, pictures: Pictures, seed: int) -> Tuned:
    """Tune ``layers`` in place, starting with ``head``.

    AdamW with a cosine schedule; batch normalisation keeps its statistics, which a few hundred
    pictures would spoil. The same seed gives the same result on the same machine.
    """
    import keras
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()  # threads would add gradients in any order
    random = tf.random.Generator.from_seed(seed)
    _freeze(layers)
    last = keras.layers.Dense(head.bias.size, dtype="float32")
    model = keras.Model(layers.input, last(layers.output))
    last.set_weights([head.kernel, head.bias])
    variables = model.trainable_variables
    steps = steps_for(len(pictures.labels))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=RATE, warmup_steps=WARM_UP
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=DECAY, global_clipnorm=CLIP)
    optimizer.build(variables)

    @tf.function  # type: ignore[untyped-decorator]
    def step(batch: Any, target: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(augmentation.alter(batch, random), training=False)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(target, logits))
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    batches = _batches(pictures, head.bias.size, steps, seed)
    losses: list[float] = []
    for batch in track(batches, "fine-tuning", steps):
        losses.append(float(step(*batch)))
        if is_settled(losses, steps // EPOCHS, head.bias.size):
            log.info("stopped after %d of %d steps: nothing is left to learn", len(losses), steps)
            break
    return Tuned(Head(*last.get_weights()), losses)


def steps_for(pictures: int) -> int:
    """How many batches a set of this size is trained for."""
    return int(np.clip(EPOCHS * pictures // BATCH, LEAST_STEPS, MOST_STEPS))


def is_settled(losses: Sequence[float], epoch: int, classes: int) -> bool:
    """Whether each of the last ``PATIENCE`` epochs, of so many steps, was as good as can be.

    Not merely no better than those before: while the rate is high the loss stands still, and falls
    when the rate does. By the loss of training alone: pictures held out must have no say in what
    they judge.
    """
    if epoch < 1 or len(losses) % epoch or len(losses) < PATIENCE * epoch:
        return False
    means = np.reshape(losses[-PATIENCE * epoch :], (-1, epoch)).mean(axis=1)
    return bool(means.max() < least_loss(classes) + EXCESS)


def least_loss(classes: int) -> float:
    """The cross-entropy, in nats, of a model that gives just the smoothed targets."""
    return float(entropy(_targets(classes)[0]))


def _freeze(layers: "keras.Model") -> None:
    import keras

    names = [layer.name for layer in layers.layers]
    for place, layer in enumerate(layers.layers):
        lower = place <= names.index(FROZEN_UP_TO)
        layer.trainable = not (lower or isinstance(layer, keras.layers.BatchNormalization))


def _batches(
    pictures: Pictures, classes: int, steps: int, seed: int
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Rare classes come more often than they are, yet not as often as the common ones."""
    random = np.random.default_rng(seed)
    labels = pictures.labels
    chance = 1 / np.sqrt(np.bincount(labels, minlength=classes)[labels])
    target = _targets(classes)
    for _ in range(steps):
        drawn = random.choice(len(labels), BATCH, p=chance / chance.sum())
        yield pictures.pixels[pictures.chosen[drawn]].astype(np.float32), target[labels[drawn]]


def _targets(classes: int) -> NDArray[np.float32]:
    """What the model is to say of each class: mostly it, and of the others a little."""
    return np.eye(classes, dtype=np.float32) * (1 - SMOOTHING) + np.float32(SMOOTHING / classes)
