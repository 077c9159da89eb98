"""What an estimator is told, and the attributes it has of a mixture."""

from __future__ import annotations

import inspect
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn.mixture import GaussianMixture
from sklearn.utils._param_validation import Interval, StrOptions

from gmm._mixture import Mixture
from gmm._native_fit import Prior

if TYPE_CHECKING:
    from gmm._arrays import Real as RealArray

#: Whether this scikit-learn speaks of array namespaces.
_TAKES_XP = "xp" in inspect.signature(GaussianMixture._check_parameters).parameters

#: Of the parameters that scikit-learn has not.
CONSTRAINTS: Final[dict[str, list[Any]]] = {
    "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    "contamination": [Interval(Real, 0, 1, closed="left"), None],
    "time_budget": [Interval(Real, 0, None, closed="neither"), None],
    "callback": [callable, None],
    "prior": ["boolean", Prior, dict, None],
    "moves": [Interval(Integral, 0, None, closed="left"), None],
    "decay": [Interval(Real, 0.5, 1, closed="right")],
    "starts": [StrOptions({"native", "scikit-learn"})],
}


def check_start(estimator: Any, samples: RealArray) -> None:
    """Checks ``weights_init`` and the like by scikit-learn's rules, and makes them arrays."""
    estimator._check_parameters(samples, **({"xp": np} if _TAKES_XP else {}))


def set_parameters(estimator: Any, mixture: Mixture, dtype: np.dtype[Any]) -> None:
    """Gives an estimator the parameters of a mixture, in scikit-learn's shapes."""
    covariances, kind = mixture.covariances, mixture.covariance_type
    if kind in ("full", "tied"):
        factors = mixture.precisions_cholesky if kind == "full" else mixture.precisions_cholesky[0]
        precisions = factors @ np.swapaxes(factors, -1, -2)
    else:
        factors = 1.0 / np.sqrt(covariances)
        precisions = factors**2
    estimator.weights_ = mixture.weights.astype(dtype, copy=False)
    estimator.means_ = mixture.means.astype(dtype, copy=False)
    estimator.covariances_ = covariances.astype(dtype, copy=False)
    estimator.precisions_cholesky_ = factors.astype(dtype, copy=False)
    estimator.precisions_ = precisions.astype(dtype, copy=False)
    # Made now, for predictions must not change an estimator.
    _ = estimator.mixture_
