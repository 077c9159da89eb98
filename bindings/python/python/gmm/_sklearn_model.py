"""Shared by models of this package and of scikit-learn: parameters, attributes, a mixture."""

from __future__ import annotations

import copy
from typing import Any, Final

from sklearn.mixture import GaussianMixture as _Theirs
from sklearn.utils.validation import check_is_fitted

from gmm._held import Held
from gmm._mixture import Mixture

#: Attributes that a fit sets in both packages; ``lower_bounds_`` since scikit-learn 1.7.
_FITTED: Final = (
    "weights_",
    "means_",
    "covariances_",
    "precisions_",
    "precisions_cholesky_",
    "converged_",
    "n_iter_",
    "lower_bound_",
    "lower_bounds_",
    "n_features_in_",
    "feature_names_in_",
)


def as_mixture(model: Any) -> Mixture:
    """The mixture of a model of this package or of scikit-learn."""
    if isinstance(model, Mixture):
        return model
    held = getattr(model, "estimator", model)  # A FrozenEstimator holds it there.
    mixtures: Any = getattr(held, "mixtures_", ())  # Of a detector.
    if len(mixtures) == 1:
        found: Mixture = mixtures[0]
        return found
    if not isinstance(held, _Theirs):
        raise TypeError(
            f"{type(model).__name__} is not a Gaussian mixture; pass a gmm.Mixture or a "
            "GaussianMixture"
        )
    check_is_fitted(held)
    mixture: Mixture | None = getattr(held, "mixture_", None)  # Of an estimator of this package.
    if mixture is not None:
        return mixture
    parameters = held.weights_, held.means_, held.precisions_cholesky_
    return Held().mixture(held.covariance_type, *parameters)


def to_theirs(model: Any) -> Any:
    """Converts an estimator of this package to scikit-learn's."""
    theirs = _Theirs()
    carry_over(model, theirs)
    return theirs


def carry_over(source: Any, target: Any) -> None:
    """Copies to ``target`` the parameters that both classes have, and the fitted attributes."""
    known = target.get_params(deep=False)
    shared = {name: value for name, value in source.get_params().items() if name in known}
    target.set_params(**copy.deepcopy(shared))
    for name in _FITTED:
        if name in vars(source):
            setattr(target, name, copy.deepcopy(vars(source)[name]))
