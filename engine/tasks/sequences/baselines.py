"""Forecasts that anything learned has to beat: the last value, and a linear function of all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PENALTIES = 10.0 ** np.arange(-9, 4)
"""Strengths of the penalty that are tried, as shares of the mean eigenvalue."""
LARGEST = 4000
"""Input values above which no linear forecast is fitted, since it would take longer than the network."""


def lag_within(inputs: np.ndarray, future: np.ndarray) -> int:
    """How far ahead each step is asked for, where the future overlaps what is read: future[t] = inputs[t + lag].

    0 where it does not, because it begins after the last step. inputs (N, T, F), future (N, H, F).
    """
    steps = inputs.shape[1]
    if future.shape[1] != steps:
        return 0
    lags = (lag for lag in range(1, steps) if np.array_equal(inputs[:, lag:], future[:, : steps - lag]))
    return next(lags, 0)


def persistence(inputs: np.ndarray, ahead: int) -> np.ndarray:
    """The last value once more, at each of the steps to come: (N, H, F) from (N, T, F)."""
    return np.repeat(inputs[:, -1:], ahead, axis=1)


@dataclass(frozen=True, eq=False)
class LinearForecast:
    """future = inputs · weights + bias: weights (T·F, H·F), bias (H·F,), both float64."""

    weights: np.ndarray
    bias: np.ndarray

    def __call__(self, inputs: np.ndarray, ahead: int) -> np.ndarray:
        """(N, H, F) from (N, T, F)."""
        flat = inputs.reshape(len(inputs), -1).astype(np.float64) @ self.weights + self.bias
        return np.asarray(flat.reshape(len(inputs), ahead, -1))


def fit_linear(inputs: np.ndarray, future: np.ndarray) -> LinearForecast | None:
    """The best linear forecast (a vector autoregression) by ridge regression; None where it would be too large.

    The strength of the penalty is the one with the least generalised cross-validation error (Golub, Heath and Wahba,
    "Generalized Cross-Validation as a Method for Choosing a Good Ridge Parameter", Technometrics 1979).

    Args:
        inputs: (N, T, F).
        future: (N, H, F).
    """
    x = inputs.reshape(len(inputs), -1).astype(np.float64)
    y = future.reshape(len(future), -1).astype(np.float64)
    if x.shape[1] > LARGEST:
        return None
    x_mean, y_mean = x.mean(0), y.mean(0)
    x, y = x - x_mean, y - y_mean
    values, vectors = np.linalg.eigh(x.T @ x)
    values = values.clip(0)
    turned = vectors.T @ (x.T @ y)  # (D, K)
    total = float((y**2).sum())
    best, weights = np.inf, np.zeros_like(turned)
    for penalty in PENALTIES * max(float(values.mean()), 1e-300):
        shrunk = turned / (values + penalty)[:, None]
        residual = total - 2 * float((turned * shrunk).sum()) + float((values[:, None] * shrunk**2).sum())
        freedom = 1 - (float((values / (values + penalty)).sum()) + 1) / len(x)
        error = max(residual, 0.0) / freedom**2 if freedom > 0 else np.inf
        if error < best:
            best, weights = error, vectors @ shrunk
    return LinearForecast(weights, y_mean - x_mean @ weights)
