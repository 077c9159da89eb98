"""Vector-Jacobian products of :func:`gmm.params` and :func:`gmm.energy`, on arrays of NumPy.

The gradients of ``gmm.torch``, ``gmm.jax`` and ``gmm.tensorflow`` call these. Outputs have the type
of ``z``; those that are not needed are None and are not computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gmm import _abi, _arrays
from gmm._errors import check
from gmm._estimates import _contiguous

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gmm._arrays import Real

    Gradients: TypeAlias = tuple[Real | None, ...]


def params_vjp(
    z: Any,
    gamma: Any,
    eps: float,
    d_phi: Any,
    d_mu: Any,
    d_cov: Any,
    d_chol: Any,
    d_log_det: Any,
    needed: Sequence[bool] = (True, True),
) -> Gradients:
    """Gradients through :func:`gmm.params`.

    Parameters
    ----------
    z, gamma : ndarray of shapes (n, d) and (n, k)
        Of one type, float32 or float64.
    eps : float
    d_phi, d_mu, d_cov, d_chol, d_log_det : array-like or None
        Gradients with respect to its outputs, of their shapes; None is zero.
    needed : two bools

    Returns
    -------
    d_z, d_gamma : ndarray or None
    """
    samples = _arrays.as_real(z, 2, "samples")
    shares = _arrays.as_real(gamma, 2, "responsibilities")
    k, d = shares.shape[1], samples.shape[1]
    given = (
        ("weights", d_phi, (k,)),
        ("means", d_mu, (k, d)),
        ("covariances", d_cov, (k, d, d)),
        ("cholesky factors", d_chol, (k, d, d)),
        ("log-determinants", d_log_det, (k,)),
    )
    cotangents = [
        None if value is None else _contiguous(value, samples.dtype, shape, f"cotangents of {name}")
        for name, value, shape in given
    ]
    outs = _outputs(samples, needed, (samples.shape, shares.shape))
    call = getattr(_abi.lib, f"gmm_params_vjp_{_arrays.suffix(samples)}")
    views = _arrays.matrix(samples), _arrays.matrix(shares)
    check(call(*views, eps, *_addresses(cotangents), *_addresses(outs)))
    return tuple(outs)


def energy_vjp(
    z: Any,
    phi: Any,
    mu: Any,
    cov: Any,
    chol: Any,
    log_det: Any,
    d_energy: Any,
    d_cov_diag: float,
    needed: Sequence[bool] = (True,) * 6,
) -> Gradients:
    """Gradients through :func:`gmm.energy`, whose six inputs count as independent.

    ``d_cov`` has what comes through ``cov_diag`` alone, ``-d_cov_diag / cov_kii^2`` on diagonals:
    energies are functions of the factors and log-determinants.

    Parameters
    ----------
    z : ndarray of shape (n, d)
        float32 or float64.
    phi, mu, cov, chol, log_det : array-like
        Of shapes (k,), (k, d), (k, d, d), (k, d, d) and (k,).
    d_energy : array-like of shape (n,) or ()
        Gradients with respect to energies, or the one with respect to their mean.
    d_cov_diag : float
    needed : six bools

    Returns
    -------
    d_z, d_phi, d_mu, d_cov, d_chol, d_log_det : ndarray or None
    """
    samples = _arrays.as_real(z, 2, "samples")
    (n, d), k = samples.shape, len(phi)
    if np.ndim(d_energy) == 0:
        d_energy = np.broadcast_to(np.asarray(d_energy) / n, n)
    shapes: tuple[tuple[int, ...], ...] = ((k,), (k, d), (k, d, d), (k, d, d), (k,), (n,))
    given = zip(
        ("weights", "means", "covariances", "cholesky factors", "log-determinants", "cotangents"),
        (phi, mu, cov, chol, log_det, d_energy),
        shapes,
        strict=True,
    )
    inputs = [_contiguous(value, samples.dtype, shape, name) for name, value, shape in given]
    outs = _outputs(samples, needed, (samples.shape, *shapes[:5]))
    # The library's gradient of covariances takes the factors for functions of them.
    pointers = _addresses([None if at == 3 else out for at, out in enumerate(outs)])
    call = getattr(_abi.lib, f"gmm_energy_vjp_{_arrays.suffix(samples)}")
    check(call(_arrays.matrix(samples), k, *_addresses(inputs), 0.0, *pointers))
    if outs[3] is not None:
        call = getattr(_abi.lib, f"gmm_cov_diag_vjp_{_arrays.suffix(samples)}")
        check(call(k, d, *_addresses([inputs[2]]), float(d_cov_diag), *_addresses([outs[3]])))
    return tuple(outs)


def _outputs(
    samples: Real, needed: Sequence[bool], shapes: Sequence[tuple[int, ...]]
) -> list[Real | None]:
    each = zip(needed, shapes, strict=True)
    return [np.empty(shape, samples.dtype) if is_needed else None for is_needed, shape in each]


def _addresses(arrays: Sequence[Real | None]) -> list[int | None]:
    return [None if array is None else _arrays.address(array) for array in arrays]
