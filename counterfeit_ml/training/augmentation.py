"""Alters pictures as shops and cameras do, in TensorFlow, a batch at a time.

Never mirrored: letters have one hand.
"""

from typing import TYPE_CHECKING, Any

from counterfeit_ml.pictures import SIZE

if TYPE_CHECKING:
    import tensorflow as tf

SIDE = 256
"""Of the pictures that come in."""
SCALE = (0.55, 1.1)
"""Part of the picture's side that is shown."""
STRETCH, TURN, TILT = 0.2, 0.17, 3e-4
"""Of the aspect ratio (log), in radians, and of the perspective."""


def alter(pictures: "tf.Tensor", random: "tf.random.Generator") -> "tf.Tensor":
    """float32 (N, SIDE, SIDE, 3) of 0 to 255 to (N, 224, 224, 3) of -1 to 1: cropped, stretched,
    turned, tilted, recoloured, and some of them inverted or with a part covered.
    """
    return _cover(_recolour(_move(pictures, random) / 127.5 - 1, random), random)


def _move(pictures: "tf.Tensor", random: "tf.random.Generator") -> "tf.Tensor":
    """By a projective transform, whose eight numbers are those of the docs of
    ``ImageProjectiveTransformV3``.
    """
    import tensorflow as tf

    count = tf.shape(pictures)[0]

    def uniform(low: float, high: float) -> Any:
        return random.uniform([count], low, high)

    scale, stretch, turn = uniform(*SCALE), tf.exp(uniform(-STRETCH, STRETCH)), uniform(-TURN, TURN)
    wide, high = scale * stretch * SIDE / SIZE, scale / stretch * SIDE / SIZE
    room = tf.abs(1 - scale) * SIDE / 2
    x, y = (SIDE / 2 + uniform(-1, 1) * room for _ in range(2))
    right = wide * tf.cos(turn), -high * tf.sin(turn)
    down = wide * tf.sin(turn), high * tf.cos(turn)
    transform = [
        *(*right, x - sum(right) * SIZE / 2),
        *(*down, y - sum(down) * SIZE / 2),
        *(uniform(-TILT, TILT), uniform(-TILT, TILT)),
    ]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.stack(transform, 1),
        output_shape=[SIZE, SIZE],
        interpolation="BILINEAR",
        fill_mode="NEAREST",
        fill_value=0.0,
    )


def _recolour(pictures: "tf.Tensor", random: "tf.random.Generator") -> "tf.Tensor":
    """Contrast, light, tint and saturation; one in ten is inverted, as marks on dark cloth are."""
    import tensorflow as tf

    count = tf.shape(pictures)[0]

    def uniform(low: float, high: float, channels: int = 1) -> Any:
        return random.uniform([count, 1, 1, channels], low, high)

    pictures = pictures * uniform(0.75, 1.25) + uniform(-0.15, 0.15) + uniform(-0.12, 0.12, 3)
    grey = tf.reduce_mean(pictures, 3, keepdims=True)
    pictures = grey + (pictures - grey) * uniform(0.3, 1.4)
    pictures = tf.where(uniform(0, 1) < 0.1, -pictures, pictures)
    return tf.clip_by_value(pictures, -1, 1)


def _cover(pictures: "tf.Tensor", random: "tf.random.Generator") -> "tf.Tensor":
    """A grey rectangle on one in four: a hand, a fold, a watermark."""
    import tensorflow as tf

    count = tf.shape(pictures)[0]
    place = tf.range(SIZE, dtype=tf.float32) / SIZE

    def between(axis: list[int]) -> Any:
        middle = random.uniform([count], 0, 1)
        half = random.uniform([count], 0.05, 0.15)
        return tf.reshape(tf.abs(place - middle[:, None]) < half[:, None], [count, *axis])

    covered = between([SIZE, 1, 1]) & between([1, SIZE, 1])
    covered &= random.uniform([count, 1, 1, 1]) < 0.25
    return tf.where(covered, tf.zeros_like(pictures), pictures)
