"""The loss of a deep mixture and its gradients, as one operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gmm import _abi, _arrays, _threads
from gmm._errors import check
from gmm._running import RunningMoments, options_of

if TYPE_CHECKING:
    from gmm._arrays import Real


class Loss(NamedTuple):
    """Result of :func:`loss`."""

    loss: Any
    mean_energy: Any
    cov_diag: Any
    d_z: Real | None
    d_gamma: Real | None


def loss(
    z: Any,
    gamma: Any,
    eps: float = 1e-6,
    *,
    w_energy: float = 1.0,
    w_cov_diag: float = 0.005,
    gradients: bool = True,
    ridge_limit: float | None = None,
    drop_empty: bool = False,
    running: RunningMoments | None = None,
    n_threads: int | None = None,
) -> Loss:
    """Mean energy and sum of inverse variances of a mixture under its own samples, and gradients.

    ``loss = w_energy * mean_energy + w_cov_diag * cov_diag``, under the parameters that
    :func:`params` computes from ``z`` and ``gamma``. Uses O(k d^2) memory besides inputs and
    outputs.

    Parameters
    ----------
    z : array-like of shape (n, d)
        Samples, float32 or float64. Results have the same type.
    gamma : array-like of shape (n, k)
        Responsibilities, of the type of the samples.
    eps : float, default=1e-6
    w_energy, w_cov_diag : float, default=1 and 0.005
    gradients : bool, default=True
        Whether to compute ``d_z`` and ``d_gamma``, which are None otherwise.
    ridge_limit : float, optional
        Largest ridge. While a covariance is not positive definite, its ``eps`` is multiplied by
        ten, up to this limit; gradients treat the ridge as a constant. By default such a batch is
        refused.
    drop_empty : bool, default=False
        Whether a component without responsibility gets weight 0 and no gradient. By default the
        batch is refused.
    running : RunningMoments, optional
        Averages over batches. This batch is added to them, and the loss is that of the mixture
        they give; gradients flow through the share of this batch.
    n_threads : int, optional
        Results do not depend on it.

    Returns
    -------
    Loss
        ``loss``, ``mean_energy``, ``cov_diag`` (scalars), ``d_z`` (n, d), ``d_gamma`` (n, k).

    Examples
    --------
    >>> import gmm
    >>> got = gmm.loss([[0.0], [2.0], [8.0]], [[1.0], [1.0], [1.0]], w_cov_diag=0.0)
    >>> bool(abs(got.d_z.sum()) < 1e-12)  # The energy does not change when all samples move.
    True
    """
    samples, shares = (
        _arrays.as_real(z, 2, "samples"),
        _arrays.as_real(gamma, 2, "responsibilities"),
    )
    shares = _arrays.as_type(shares, samples.dtype, "responsibilities")
    options = options_of(
        eps, ridge_limit, drop_empty, w_energy=w_energy, w_cov_diag=w_cov_diag, running=running
    )
    scalars = np.empty(3, samples.dtype)
    d_z = np.empty(samples.shape, samples.dtype) if gradients else None
    d_gamma = np.empty(shares.shape, samples.dtype) if gradients else None
    first = _arrays.address(scalars)
    at = [first + i * scalars.itemsize for i in range(3)]
    where = [None if out is None else _arrays.address(out) for out in (d_z, d_gamma)]
    call = getattr(_abi.lib, f"gmm_training_loss_{_arrays.suffix(samples)}")
    views = _arrays.matrix(samples), _arrays.matrix(shares)
    check(call(*views, options, _threads.pool(n_threads), *at, *where, None))
    return Loss(scalars[0], scalars[1], scalars[2], d_z, d_gamma)
