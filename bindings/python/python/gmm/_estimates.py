"""The two functions of deep mixture models, with alibi-detect's names and argument order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gmm import _abi, _arrays
from gmm._errors import check

if TYPE_CHECKING:
    from gmm._arrays import Real


def params(z: Any, gamma: Any, eps: float = 1e-6) -> tuple[Real, Real, Real, Real, Real]:
    """Mixture parameters from samples and their responsibilities.

    ``S_k = sum_n gamma_nk``, ``phi_k = S_k / n``, ``mu_k = sum_n gamma_nk z_n / S_k``,
    ``cov_k = sum_n gamma_nk (z_n - mu_k)(z_n - mu_k)^T / S_k``, ``L_k L_k^T = cov_k + eps I``.

    Parameters
    ----------
    z : array-like of shape (n, d)
        Samples, float32 or float64. Results have the same type.
    gamma : array-like of shape (n, k)
        Responsibilities, of the type of the samples.
    eps : float, default=1e-6

    Returns
    -------
    phi : ndarray of shape (k,)
    mu : ndarray of shape (k, d)
    cov : ndarray of shape (k, d, d)
        Exactly symmetric; ``eps`` is not added.
    L : ndarray of shape (k, d, d)
        Lower Cholesky factors.
    log_det_cov : ndarray of shape (k,)
        Of ``cov + eps I``.

    Examples
    --------
    >>> import gmm, numpy as np
    >>> phi, mu, cov, L, log_det_cov = gmm.params([[0.0], [2.0], [8.0]], [[1.0, 0], [1, 0], [0, 1]])
    >>> phi.round(3), mu.ravel(), cov.ravel()
    (array([0.667, 0.333]), array([1., 8.]), array([1., 0.]))
    """
    samples, shares = (
        _arrays.as_real(z, 2, "samples"),
        _arrays.as_real(gamma, 2, "responsibilities"),
    )
    shares = _arrays.as_type(shares, samples.dtype, "responsibilities")
    k, d = shares.shape[1], samples.shape[1]
    outs = [np.empty(shape, samples.dtype) for shape in ((k,), (k, d), (k, d, d), (k, d, d), (k,))]
    call = getattr(_abi.lib, f"gmm_params_{_arrays.suffix(samples)}")
    views = _arrays.matrix(samples), _arrays.matrix(shares)
    check(call(*views, eps, *(_arrays.address(out) for out in outs)))
    phi, mu, cov, chol, log_det = outs
    return phi, mu, cov, chol, log_det


def energy(
    z: Any,
    phi: Any,
    mu: Any,
    cov: Any,
    L: Any,
    log_det_cov: Any,
    return_mean: bool = True,
) -> tuple[Any, Any]:
    """Energies of samples under a mixture from :func:`params`, and the sum of inverse variances.

    ``E_n = -ln sum_k phi_k N(z_n; mu_k, L_k L_k^T)`` in nats, ``cov_diag = sum_k sum_i 1 /
    (cov_k)_ii``.

    Parameters
    ----------
    z : array-like of shape (n, d)
    phi, mu, cov, L, log_det_cov : array-like
        Of shapes (k,), (k, d), (k, d, d), (k, d, d) and (k,).
    return_mean : bool, default=True
        Whether to return the mean energy instead of the energies.

    Returns
    -------
    sample_energy : scalar, or ndarray of shape (n,)
    cov_diag : scalar

    Examples
    --------
    >>> import gmm
    >>> fitted = gmm.params([[0.0], [2.0], [8.0]], [[1.0, 0], [1, 0], [0.1, 1]])
    >>> energies, cov_diag = gmm.energy([[1.0], [30.0]], *fitted, return_mean=False)
    >>> bool(energies[1] > energies[0])
    True
    """
    samples = _arrays.as_real(z, 2, "samples")
    mu = _arrays.as_numbers(mu, "means")
    k, d = mu.shape if mu.ndim == 2 else (len(phi), samples.shape[1])
    if d != samples.shape[1]:
        raise ValueError(f"samples have {samples.shape[1]} features, and means {d}")
    given = zip(
        ("weights", "means", "covariances", "cholesky factors", "log-determinants"),
        (phi, mu, cov, L, log_det_cov),
        ((k,), (k, d), (k, d, d), (k, d, d), (k,)),
        strict=True,
    )
    parameters = [_contiguous(value, samples.dtype, shape, name) for name, value, shape in given]
    energies = None if return_mean else np.empty(len(samples), samples.dtype)
    mean, cov_diag = np.empty((), samples.dtype), np.empty((), samples.dtype)
    where = [None if out is None else _arrays.address(out) for out in (energies, mean, cov_diag)]
    call = getattr(_abi.lib, f"gmm_energy_{_arrays.suffix(samples)}")
    check(call(_arrays.matrix(samples), k, *(_arrays.address(p) for p in parameters), *where))
    return (mean[()] if energies is None else energies), cov_diag[()]


def _contiguous(value: Any, dtype: np.dtype[Any], shape: tuple[int, ...], name: str) -> Real:
    array: Real = np.ascontiguousarray(_arrays.as_type(value, dtype, name))
    if array.shape != shape:
        raise ValueError(f"{name} have the shape {array.shape}; pass {shape}")
    return array
