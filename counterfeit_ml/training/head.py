"""The head: a regularised softmax regression on the features, and its temperature."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize, minimize_scalar
from scipy.special import log_softmax

# On features scaled to variance 1 / count. Chosen by grouped cross-validation.
L2 = 1e-5
ITERATIONS = 150

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Head:
    """``features @ kernel + bias`` are the logits; float32 (features, classes) and (classes,)."""

    kernel: Floats
    bias: Floats

    def logits(self, features: Floats) -> NDArray[np.float64]:
        """Logits (N, classes) of features (N, features)."""
        return (features @ self.kernel + self.bias).astype(np.float64)

    def cooled(self, temperature: float) -> "Head":
        """The head whose logits are divided by ``temperature``."""
        return Head(
            (self.kernel / temperature).astype(np.float32),
            (self.bias / temperature).astype(np.float32),
        )


def fit_head(features: Floats, labels: Labels, classes: int) -> tuple[Head, list[float]]:
    """Fit by L-BFGS, every class weighing the same; also what is minimised, after each iteration.

    The optimum is unique (the loss is convex), so the result depends on nothing random.
    """
    mean, scale = features.mean(0), features.std(0) + 1e-3
    scale *= np.sqrt(features.shape[1]).astype(np.float32)
    inputs = (features - mean) / scale
    rows, back = _few_columns(inputs)
    losses: list[float] = []

    def note(intermediate_result: OptimizeResult) -> None:
        losses.append(float(intermediate_result.fun))

    start = np.zeros((rows.shape[1] + 1) * classes)
    limits = {"maxiter": ITERATIONS}
    found = minimize(
        _objective(rows, labels, classes),
        start,
        jac=True,
        method="L-BFGS-B",
        callback=note,
        options=limits,
    )
    matrix = found.x.reshape(-1, classes)
    kernel = back(matrix[:-1]) / scale[:, None]
    bias = (matrix[-1] - mean @ kernel).astype(np.float32)
    return Head(kernel.astype(np.float32), bias), losses


def _few_columns(
    inputs: Floats,
) -> tuple[Floats, Callable[[NDArray[np.float64]], NDArray[np.float64]]]:
    """Inputs with no more columns than rows, and the way back for a kernel.

    The best kernel is a combination of the rows, so nothing is lost: only axes in which they
    differ are kept, in the order of the rows' principal components.
    """
    if len(inputs) >= inputs.shape[1]:
        return inputs, lambda kernel: kernel
    rows = inputs.astype(np.float64)
    variances, axes = np.linalg.eigh(rows @ rows.T)
    kept = variances > variances[-1] * 1e-9
    lengths = np.sqrt(variances[kept])
    few: Floats = (axes[:, kept] * lengths).astype(np.float32)
    return few, lambda kernel: rows.T @ (axes[:, kept] / lengths @ kernel)


def fit_temperature(logits: NDArray[np.float64], labels: Labels) -> float:
    """The temperature that makes held-out logits most likely (Guo et al. 2017, sec. 4.2)."""
    found = minimize_scalar(
        lambda log_t: cross_entropy(logits / np.exp(log_t), labels),
        bounds=(np.log(0.1), np.log(10)),
        method="bounded",
    )
    return float(np.exp(found.x))


def cross_entropy(logits: NDArray[np.float64], labels: Labels) -> float:
    """Mean negative log-likelihood, in nats."""
    return float(-log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean())


def _objective(
    inputs: Floats, labels: Labels, classes: int
) -> Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]:
    """Weighted cross-entropy plus L2, and its gradient."""
    counts = np.bincount(labels, minlength=classes)
    weight = 1.0 / counts[labels]
    weight = (weight / weight.sum())[:, None]
    target = np.eye(classes)[labels]

    def objective(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        matrix = theta.reshape(-1, classes)
        kernel = matrix[:-1].astype(np.float32)
        log_p = log_softmax(inputs @ kernel + matrix[-1], axis=1)
        error = weight * (np.exp(log_p) - target)
        slope = inputs.T @ error.astype(np.float32) + L2 * kernel
        loss = -(weight * target * log_p).sum() + L2 / 2 * float((kernel**2).sum())
        return loss, np.vstack([slope, error.sum(0)]).astype(np.float64).ravel()

    return objective
