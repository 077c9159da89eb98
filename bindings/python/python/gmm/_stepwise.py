"""Stepwise EM: updates from batches that are not kept. Its only state is an array of moments.

``s <- (1 - eta) s + eta s(batch)``, ``theta <- M-step(s)``, ``eta = (t + 2)^(-decay)``, t = 0, 1,
2, ...

The computation is that of ``gmm_stepwise_update_*``, by calls of ``gmm_moments_*``, because a
handle cannot be pickled. Moments are per sample and about the means: for each component its weight
n, ``a = sum r delta`` and ``B = sum r delta delta^T`` (the lower triangle, row by row, or the
diagonal).
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gmm import _abi, _arrays, _threads
from gmm._errors import check
from gmm._handle import new_handle
from gmm._mixture import Mixture
from gmm._native_fit import Prior

if TYPE_CHECKING:
    from gmm._arrays import Float64, Real

_lib = _abi.lib


@dataclass
class Learner:
    """The state of stepwise EM."""

    #: Moments per sample, in the layout of ``gmm_moments_of_f64``.
    moments: Float64
    #: The parameters (weights, means, factors) that the moments belong to.
    about: tuple[Float64, ...]
    n_updates: int = 0


@dataclass(frozen=True)
class StepwiseOptions:
    """Options of stepwise EM."""

    decay: float
    reg_covar: float
    reg_covar_relative: bool
    prior: Prior | None
    n_threads: int | None


def begin(mixture: Mixture, about: tuple[Any, ...]) -> Learner:
    """The state as if after one sample, with the moments of the mixture."""
    weights, covariances = mixture.weights / mixture.weights.sum(), mixture.covariances
    k, d = mixture.n_components, mixture.n_features
    if mixture.covariance_type in ("full", "tied"):
        rows, cols = np.tril_indices(d)
        products = np.broadcast_to(covariances, (k, d, d))[:, rows, cols]
    else:
        products = np.broadcast_to(covariances.reshape(k, -1), (k, d))
    parts = np.hstack([weights[:, None], np.zeros((k, d)), weights[:, None] * products])
    return Learner(np.concatenate([[1.0, 0.0], parts.ravel()]), _copies(about))


def belongs(learner: Learner, about: tuple[Any, ...]) -> bool:
    """Whether the parameters are unchanged since the last update."""
    return all(map(np.array_equal, learner.about, about))


def update(
    learner: Learner,
    mixture: Mixture,
    batch: Real,
    sample_weight: Float64 | None,
    rules: StepwiseOptions,
) -> tuple[Mixture, Float64]:
    """The next mixture and its moments, from a batch; does not change ``learner``."""
    size: int = _lib.gmm_moments_len(mixture._handle.address)
    seen = np.empty(size)
    call = getattr(_lib, f"gmm_moments_of_{_arrays.suffix(batch)}")
    weights = None if sample_weight is None else _arrays.address(sample_weight)
    pool = _threads.pool(rules.n_threads)
    where = mixture._handle.address, _arrays.matrix(batch), weights, pool
    check(call(*where, _arrays.address(seen), size))
    step = (learner.n_updates + 2.0) ** -rules.decay
    moments = (1.0 - step) * learner.moments + (step / seen[0]) * seen
    options = _abi.FitOptions()
    check(_lib.gmm_fit_options_init(options, ctypes.sizeof(options)))
    options.n_components, options.reg_covar = mixture.n_components, rules.reg_covar
    options.reg_covar_relative = int(rules.reg_covar_relative)
    kept = None
    if rules.prior is not None:
        kept = rules.prior.options(mixture.covariance_type, mixture.n_features)
        options.prior = ctypes.addressof(kept[0])
    sums = mixture._handle.address, _arrays.address(moments), size
    handle = new_handle(lambda out: int(_lib.gmm_moments_maximise(*sums, options, out)), "mixture")
    del kept
    return Mixture._of(handle), moments


def settle(learner: Learner, moments: Float64, about: tuple[Any, ...]) -> Learner:
    """The next state, with moments about the new means."""
    parameters = _copies(about)
    k, d = parameters[1].shape
    parts = moments[2:].reshape(k, -1).copy()
    shift = parameters[1] - learner.about[1]
    n, a, products = parts[:, :1], parts[:, 1 : d + 1], parts[:, d + 1 :]
    if products.shape[1] == d:
        products += n * shift**2 - 2.0 * shift * a
    else:
        rows, cols = np.tril_indices(d)
        crossed = shift[:, rows] * a[:, cols] + a[:, rows] * shift[:, cols]
        products += n * shift[:, rows] * shift[:, cols] - crossed
    a -= n * shift
    whole = np.concatenate([moments[:2], parts.ravel()])
    return Learner(whole, parameters, learner.n_updates + 1)


def _copies(about: tuple[Any, ...]) -> tuple[Float64, ...]:
    return tuple(np.array(array, dtype=np.float64) for array in about)
