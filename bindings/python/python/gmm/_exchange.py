"""Models of scikit-learn as models of this package, and back."""

from __future__ import annotations

import copy
from typing import Any, Final

from sklearn.mixture import GaussianMixture as _Theirs
from sklearn.utils.validation import check_is_fitted

from gmm._estimator import GaussianMixture
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


def from_sklearn(estimator: Any) -> GaussianMixture:
    """scikit-learn's ``GaussianMixture`` as the one of this package; fitted, if it was.

    Arrays are copied; the new estimator does not change with the old one.

    Parameters
    ----------
    estimator : sklearn.mixture.GaussianMixture

    Returns
    -------
    gmm.GaussianMixture
        With the same parameters and attributes. It scores without a new fit.

    Examples
    --------
    >>> import gmm, numpy as np
    >>> from sklearn.mixture import GaussianMixture
    >>> X = np.array([[1.0, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> theirs = GaussianMixture(2, random_state=0).fit(X)
    >>> ours = gmm.from_sklearn(theirs)
    >>> np.allclose(ours.score_samples(X), theirs.score_samples(X))
    True
    """
    if not isinstance(estimator, _Theirs):
        raise TypeError(
            f"{type(estimator).__name__} is no GaussianMixture of scikit-learn; pass one, or make "
            "a gmm.Mixture of weights, means and covariances"
        )
    ours = GaussianMixture()
    _carry_over(estimator, ours)
    return ours


def to_sklearn(model: Any) -> Any:
    """A model as scikit-learn's own ``GaussianMixture``, for those who have only that.

    Parameters
    ----------
    model : gmm.GaussianMixture or gmm.Mixture

    Returns
    -------
    sklearn.mixture.GaussianMixture
        With the parameters and attributes that scikit-learn knows, copied.

    Examples
    --------
    >>> import gmm
    >>> mixture = gmm.Mixture([0.5, 0.5], [[0.0], [4.0]], [[1.0], [2.0]], covariance_type="diag")
    >>> gmm.to_sklearn(mixture).predict([[1.0], [3.0]])
    array([0, 1])
    """
    if isinstance(model, Mixture):
        model = GaussianMixture.from_mixture(model)
    if not isinstance(model, _Theirs):
        raise TypeError(f"{type(model).__name__} is no mixture; pass a gmm.GaussianMixture")
    theirs = _Theirs()
    _carry_over(model, theirs)
    return theirs


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
    if isinstance(held, GaussianMixture):
        return held.mixture_
    parameters = held.weights_, held.means_, held.precisions_cholesky_
    return Held().mixture(held.covariance_type, *parameters)


def _carry_over(source: Any, target: Any) -> None:
    """Gives ``target`` the parameters that both know, and what a fit of ``source`` left."""
    known = target.get_params(deep=False)
    shared = {name: value for name, value in source.get_params().items() if name in known}
    target.set_params(**copy.deepcopy(shared))
    for name in _FITTED:
        if name in vars(source):
            setattr(target, name, copy.deepcopy(vars(source)[name]))
