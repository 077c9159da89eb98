"""Models of scikit-learn as models of this package, and back."""

from __future__ import annotations

from typing import Any

from sklearn.mixture import GaussianMixture as _Theirs

from gmm._estimator import GaussianMixture
from gmm._mixture import Mixture
from gmm._sklearn_model import carry_over, to_theirs


def from_sklearn(estimator: Any) -> GaussianMixture:
    """Converts scikit-learn's ``GaussianMixture`` to the class of this package, fitted or not.

    Arrays are copied, so later changes of the old estimator do not affect the new one.

    Parameters
    ----------
    estimator : sklearn.mixture.GaussianMixture

    Returns
    -------
    gmm.GaussianMixture
        With the same parameters and attributes; no new fit is needed.

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
            f"{type(estimator).__name__} is not a GaussianMixture of scikit-learn; pass one, or "
            "make a gmm.Mixture of weights, means and covariances"
        )
    ours = GaussianMixture()
    carry_over(estimator, ours)
    return ours


def to_sklearn(model: Any) -> Any:
    """Converts a model to scikit-learn's own ``GaussianMixture``, for use without this package.

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
        raise TypeError(f"{type(model).__name__} is not a mixture; pass a gmm.GaussianMixture")
    return to_theirs(model)
