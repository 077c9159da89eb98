"""What models of this package and of scikit-learn share: parameters, attributes, a mixture."""

from __future__ import annotations

import copy
from typing import Any, Final

from sklearn.mixture import GaussianMixture as _Theirs
from sklearn.utils.validation import check_is_fitted

from gmm._held import Held
from gmm._mixture import Mixture

#: What a fit leaves behind, in both packages. ``lower_bounds_`` came with scikit-learn 1.7.
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
    """The mixture that a model is or holds: any of this package's or scikit-learn's."""
    if isinstance(model, Mixture):
        return model
    held = getattr(model, "estimator", model)  # As a FrozenEstimator has it.
    mixtures: Any = getattr(held, "mixtures_", ())  # As a detector has them.
    if len(mixtures) == 1:
        found: Mixture = mixtures[0]
        return found
    if not isinstance(held, _Theirs):
        raise TypeError(
            f"{type(model).__name__} is no Gaussian mixture; pass a gmm.Mixture or a "
            "GaussianMixture"
        )
    check_is_fitted(held)
    mixture: Mixture | None = getattr(held, "mixture_", None)  # As an estimator of ours has it.
    if mixture is not None:
        return mixture
    parameters = held.weights_, held.means_, held.precisions_cholesky_
    return Held().mixture(held.covariance_type, *parameters)


def to_theirs(model: Any) -> Any:
    """An estimator of ours as scikit-learn's."""
    theirs = _Theirs()
    carry_over(model, theirs)
    return theirs


def carry_over(source: Any, target: Any) -> None:
    """Gives ``target`` the parameters that both know, and what a fit of ``source`` left."""
    known = target.get_params(deep=False)
    shared = {name: value for name, value in source.get_params().items() if name in known}
    target.set_params(**copy.deepcopy(shared))
    for name in _FITTED:
        if name in vars(source):
            setattr(target, name, copy.deepcopy(vars(source)[name]))
