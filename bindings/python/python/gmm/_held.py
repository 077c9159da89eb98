"""The mixture made from the attributes of an estimator, cached while they are unchanged.

As in scikit-learn, ``weights_``, ``means_`` and ``precisions_cholesky_`` are the model: changing
them, even in place, changes the scores. So the cached mixture is used only if they equal the
arrays that it was made from. It is not pickled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gmm._errors import InvalidInput
from gmm._mixture import Mixture, _shape, from_factors

if TYPE_CHECKING:
    from gmm._arrays import Float64


class Held:
    """At most one mixture, and the arrays that it was made from."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: tuple[str, tuple[Float64, ...], Mixture] | None = None

    def __reduce__(self) -> tuple[type[Held], tuple[()]]:
        return Held, ()

    # For skops, which makes no calls on loading.
    def __getstate__(self) -> dict[str, None]:
        return {}

    def __setstate__(self, state: dict[str, None]) -> None:
        self._kept = None

    def mixture(self, covariance_type: str, *attributes: Any) -> Mixture:
        """The mixture of weights, means and precisions' factors."""
        kept = self._kept
        if kept is not None and kept[0] == covariance_type:  # noqa: SIM102  Two questions.
            if all(map(np.array_equal, kept[1], attributes)):
                return kept[2]
        # Copies, because the caller may change its arrays in place.
        copies = tuple(np.array(attribute, dtype=np.float64) for attribute in attributes)
        _check_shapes(covariance_type, *copies)
        mixture = _mixture_of(covariance_type, *copies)
        self._kept = covariance_type, copies, mixture
        return mixture


def _check_shapes(
    covariance_type: str, weights: Float64, means: Float64, precisions_cholesky: Float64
) -> None:
    """Refuses attributes that do not belong together, by their names."""
    if means.ndim != 2:
        raise ValueError(
            f"means_ has the shape {means.shape}; it must be (n_components, n_features)"
        )
    k, d = means.shape
    if weights.shape != (k,):
        raise ValueError(f"weights_ has the shape {weights.shape}; of {k} means it must be {(k,)}")
    expected = _shape(covariance_type, k, d)
    if precisions_cholesky.shape != expected:
        raise ValueError(
            f"precisions_cholesky_ has the shape {precisions_cholesky.shape}; of {k} components "
            f"and {d} features with covariance_type={covariance_type!r} it must be {expected}, and "
            "a fit with this covariance_type makes it"
        )


def _mixture_of(
    covariance_type: str, weights: Float64, means: Float64, precisions_cholesky: Float64
) -> Mixture:
    """Factors ``U U^T = Sigma^-1`` give ``L = U^-T``, so nothing is squared and factored again."""
    if covariance_type in ("full", "tied"):
        cholesky = _lower(np.swapaxes(np.linalg.inv(precisions_cholesky), -1, -2))
        covariances = cholesky @ np.swapaxes(cholesky, -1, -2)
    else:
        cholesky = 1.0 / precisions_cholesky
        covariances = cholesky**2
    try:
        return from_factors(covariance_type, weights, means, covariances, cholesky)
    except InvalidInput as error:
        raise ValueError(f"the attributes of the estimator make no mixture: {error}") from None


def _lower(roots: Float64) -> Float64:
    """Lower factors L with ``L L^T = M M^T`` and positive diagonals, of matrices M.

    Of precisions' factors that are upper, as scikit-learn makes them, M is L. Many set them by
    hand to ``np.linalg.cholesky(precisions)``, which is lower and serves scikit-learn as well.
    """
    if not np.triu(roots, 1).any():
        return np.tril(roots)
    factors = np.swapaxes(np.linalg.qr(np.swapaxes(roots, -1, -2)).R, -1, -2)
    signs = np.sign(np.diagonal(factors, axis1=-2, axis2=-1))
    lower: Float64 = np.tril(factors * signs[..., None, :])
    return lower
