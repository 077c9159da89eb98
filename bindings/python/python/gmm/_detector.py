"""Outlier detection with PyOD's interface: fitted to contaminated data, or by a given mixture."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from sklearn.base import BaseEstimator, _fit_context, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from gmm import _robust
from gmm._confidence import Known
from gmm._estimator import GaussianMixture
from gmm._mixture import Mixture
from gmm._pyod import OfOneMixture, Rejecting
from gmm._skl2onnx import Convertible
from gmm._sklearn_model import as_mixture
from gmm._validation import check_finite, counts_of, samples_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gmm._arrays import Float64
    from gmm._arrays import Real as RealArray


class OutlierDetector(Rejecting, OfOneMixture, Convertible, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types.
    """Finds outliers in data that contain them, with the interface of PyOD.

    Every score is an energy in nats: the larger, the more outlying. By default the score is the
    mean energy under a few mixtures. The components of each share one covariance, and each is
    fitted without the least likely samples: unlike a plain fit, these mixtures cannot adapt to a
    small group of outliers. With ``mixture``, the score is the energy under that mixture.

    .. note::
       As in PyOD, ``predict``, ``fit_predict`` and ``labels_`` are 1 for an outlier and 0 for
       others, and ``decision_function`` is larger for outliers. Detectors of scikit-learn return
       -1 for an outlier and 1 for others, and their scores have the opposite sign. For
       alibi-detect's interface see :class:`gmm.alibi.OutlierDetector`.

    Parameters
    ----------
    contamination : float, default=0.1
        The share of outliers among the samples of a fit, at least 0 and less than 1. It sets the
        threshold, and that share of the samples, a third at most, is left out of the fit.
    mixture : gmm.Mixture or GaussianMixture, optional
        A fitted model is used unchanged, and ``fit`` only sets the threshold. An unfitted one is
        cloned and fitted to the samples. Grid searches clone a fitted estimator, and the clone is
        unfitted: pass ``estimator.mixture_`` or a ``FrozenEstimator`` to keep the fit. A model that
        is fitted here without a ``random_state`` of its own gets one from the detector's.
    n_components : int or sequence of int, default=(1, 2, 4, 8)
        Number of components of each mixture. With a ``mixture``, this and the next parameters are
        ignored, except ``random_state`` and ``n_threads``.
    tol : float, default=1e-3
        Stop when the mean log-density of the samples left in changes by less, in nats.
    max_iter : int, default=100
        Maximum number of iterations for each mixture.
    reg_covar : float, default=1e-6
        Added to every variance of the features, which are scaled to variance 1.
    random_state : int, RandomState instance or None, default=None
    n_threads : int, optional
        By default :func:`gmm.get_num_threads`. Results do not depend on it.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_samples,)
        The energies of the samples of the fit.
    threshold_ : float
        A sample is an outlier when its energy is above this. At most the share
        ``contamination`` of the samples of the fit are; PyOD interpolates between two scores, so
        there it may be one sample more.
    labels_ : ndarray of shape (n_samples,)
        1 for the outliers among the samples of the fit, 0 for the others.
    mixtures_ : tuple of gmm.Mixture
        The score is the mean energy under these.
    weights_, means_, covariances_, precisions_, precisions_cholesky_ : ndarray
        Parameters, if there is one mixture: with ``mixture``, or one ``n_components``.
    detector_ : estimator
        The fitted estimator, if ``mixture`` was an estimator. It provides ``converged_``,
        ``n_iter_`` and ``lower_bound_``.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> import gmm, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(size=(190, 2)), 7 + 0.3 * rng.normal(size=(10, 2))])
    >>> detector = gmm.OutlierDetector(contamination=0.05, random_state=0).fit(X)
    >>> detector.labels_[190:]
    array([1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    >>> detector.predict([[0.0, 0.5], [8.0, 8.0]])
    array([0, 1])
    """

    decision_scores_: Float64
    threshold_: float
    labels_: NDArray[np.int64]
    mixtures_: tuple[Mixture, ...]
    detector_: Any
    n_features_in_: int
    _known: Known
    _onnx_outputs = ("label", "scores")

    _parameter_constraints: dict[str, list[Any]] = {
        "contamination": [Interval(Real, 0, 1, closed="left")],
        "mixture": [Mixture, BaseEstimator, None],
        "n_components": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "reg_covar": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        contamination: float = 0.1,
        *,
        mixture: Any = None,
        n_components: int | Sequence[int] = (1, 2, 4, 8),
        tol: float = 1e-3,
        max_iter: int = 100,
        reg_covar: float = 1e-6,
        random_state: Any = None,
        n_threads: int | None = None,
    ) -> None:
        self.contamination = contamination
        self.mixture = mixture
        self.n_components = n_components
        self.tol = tol
        self.max_iter = max_iter
        self.reg_covar = reg_covar
        self.random_state = random_state
        self.n_threads = n_threads

    # `mixture` validates its own parameters when it is fitted.
    @_fit_context(prefer_skip_nested_validation=False)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> OutlierDetector:
        """Fits the mixtures and sets the threshold.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples, with their outliers.
        y : Ignored
        sample_weight : array-like of shape (n_samples,), optional
            Weight of each sample: 2 is the row twice, 0 leaves the row out.

        Returns
        -------
        self
        """
        checked = self._checked(X, reset=True, ensure_min_samples=2)
        samples = _in_double(checked)
        counts = counts_of(sample_weight, samples)
        self.__dict__.pop("detector_", None)
        if self.mixture is None:
            self.mixtures_, threshold = _robust.fit(samples, self._options(counts))
        else:
            self.mixtures_, threshold = (self._fitted_mixture(checked, counts),), None
        self.decision_scores_ = self._energies(samples)
        self._known = Known.of(self.decision_scores_, counts)
        self.threshold_ = (
            self._known.threshold(self.contamination) if threshold is None else threshold
        )
        self.labels_ = self._above(self.decision_scores_)
        return self

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> NDArray[np.int64]:
        """Fits, and labels the samples: 1 for outliers and 0 for others, of shape (n_samples,)."""
        fitted: OutlierDetector = self.fit(X, y, sample_weight)
        return fitted.labels_

    def decision_function(self, X: Any) -> Float64:
        """Energies in nats, of shape (n_samples,): the larger, the more outlying."""
        check_is_fitted(self)
        return self._energies(self._validated(X))

    @overload
    def predict(self, X: Any, return_confidence: Literal[False] = False) -> NDArray[np.int64]: ...
    @overload
    def predict(
        self, X: Any, return_confidence: Literal[True]
    ) -> tuple[NDArray[np.int64], Float64]: ...
    def predict(
        self, X: Any, return_confidence: bool = False
    ) -> NDArray[np.int64] | tuple[NDArray[np.int64], Float64]:
        """Labels samples: 1 for outliers and 0 for others, of shape (n_samples,).

        With ``return_confidence``, the result of :meth:`predict_confidence` is returned too.
        """
        scores = self.decision_function(X)
        labels = self._above(scores)
        return (labels, self._confidence(scores)) if return_confidence else labels

    @overload
    def predict_proba(
        self, X: Any, method: str = "linear", return_confidence: Literal[False] = False
    ) -> Float64: ...
    @overload
    def predict_proba(
        self, X: Any, method: str = "linear", *, return_confidence: Literal[True]
    ) -> tuple[Float64, Float64]: ...
    def predict_proba(
        self, X: Any, method: str = "linear", return_confidence: bool = False
    ) -> Float64 | tuple[Float64, Float64]:
        """Scores scaled to the range from 0 to 1, as in PyOD; not probabilities of a model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        method : {'linear', 'unify'}, default='linear'
            'linear': 0 at the smallest of ``decision_scores_``, 1 at the largest. 'unify': the
            error function of the standardised score, on which one huge score has less effect.
        return_confidence : bool, default=False

        Returns
        -------
        ndarray of shape (n_samples, 2)
            First for inliers, then for outliers.
        """
        scores = self.decision_function(X)
        outlying = self._known.unit_range(scores, method)
        both = np.column_stack([1.0 - outlying, outlying])
        return (both, self._confidence(scores)) if return_confidence else both

    def predict_confidence(self, X: Any) -> Float64:
        """Probability that another draw of the training set gives the same label, (n_samples,).

        See Perini, Vercruyssen & Davis (2020), Quantifying the confidence of anomaly detectors in
        their example-wise predictions.
        """
        return self._confidence(self.decision_function(X))

    def attribution(self, X: Any) -> Float64:
        """What each feature contributes to the energy of each sample, (n_samples, n_features).

        A contribution may be negative: if features are correlated, one can make the others less
        surprising.
        """
        check_is_fitted(self)
        samples = self._validated(X)
        return _robust.mean_attribution(self.mixtures_, samples, self.n_threads)

    def _options(self, counts: Float64 | None) -> _robust.DetectorOptions:
        random_state = check_random_state(self.random_state)
        high, low = random_state.randint(1 << 32, size=2, dtype=np.int64).tolist()
        ks: list[Any] = np.atleast_1d(np.asarray(self.n_components, dtype=object)).tolist()
        if not ks or not all(isinstance(k, Integral) and int(k) > 0 for k in ks):
            raise ValueError(f"n_components is {ks}; pass numbers of components of at least 1")
        return _robust.DetectorOptions(
            contamination=self.contamination,
            n_components=[int(k) for k in ks],
            tol=self.tol,
            max_iter=self.max_iter,
            reg_covar=self.reg_covar,
            seed=high << 32 | low,
            sample_weight=counts,
            n_threads=self.n_threads,
        )

    def _fitted_mixture(self, samples: RealArray, counts: Float64 | None) -> Mixture:
        given = self.mixture
        if not isinstance(given, Mixture):
            try:
                check_is_fitted(given)
            except NotFittedError:
                weights = {} if counts is None else {"sample_weight": counts}
                given = clone(given)
                if self.random_state is not None and _has_no_seed(given):
                    seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
                    given.set_params(random_state=seed)
                given.fit(samples, **weights)
                if hasattr(self, "feature_names_in_"):
                    given.feature_names_in_ = self.feature_names_in_
            self.detector_ = getattr(given, "estimator", given)  # A FrozenEstimator holds it there.
        return as_mixture(given)

    @staticmethod
    def _estimator_of(mixture: Mixture) -> GaussianMixture:
        return GaussianMixture.from_mixture(mixture)

    def _energies(self, samples: Float64) -> Float64:
        return _robust.mean_energies(self.mixtures_, samples, self.n_threads)

    def _above(self, scores: Float64) -> NDArray[np.int64]:
        return (scores > self.threshold_).astype(np.int64)

    def _confidence(self, scores: Float64) -> Float64:
        return self._known.confidence(scores, self._above(scores), self.contamination)

    def _validated(self, X: Any) -> Float64:
        return _in_double(self._checked(X, reset=False))

    def _checked(self, X: Any, reset: bool, ensure_min_samples: int = 1) -> RealArray:
        samples = samples_of(self, X, reset=reset, ensure_min_samples=ensure_min_samples)
        check_finite(self, samples)
        return samples


def _has_no_seed(estimator: Any) -> bool:
    return estimator.get_params(deep=False).get("random_state", "none to set") is None


def _in_double(samples: RealArray) -> Float64:
    """Samples in float64, the dtype of the fit, so that scores and threshold agree."""
    return samples.astype(np.float64, copy=False)
