"""scikit-learn's ``GaussianMixture``, fitted and scored by the library.

Constructor, validation, attributes, warnings and everything that is not overridden here are
inherited from scikit-learn. With their defaults, the additional parameters change nothing.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as _Base
from sklearn.utils import check_random_state

from gmm import _model_file, _stepwise, _thresholds
from gmm._diagnosis import distinct_rows
from gmm._errors import NotFinite, RepairWarning
from gmm._kept import set_kept
from gmm._mixture import Mixture
from gmm._native_fit import Fit, FitOptions, Prior, Progress, fit
from gmm._parameters import CONSTRAINTS, check_start, set_parameters, start_as_scikit_learn
from gmm._scoring import Scoring
from gmm._starts import best_of
from gmm._validation import counts_of
from gmm._watch import Watch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gmm._arrays import Float64, Real
    from gmm._diagnosis import Diagnosis


class GaussianMixture(Scoring, _Base):  # type: ignore[misc]  # scikit-learn has no types.
    """Gaussian mixture, with the interface of :class:`sklearn.mixture.GaussianMixture`.

    From the same ``weights_init``, ``means_init`` and ``precisions_init`` the iterations are those
    of scikit-learn. Other starts are found by the library, so the same ``random_state`` gives a
    different start. Singular covariances and empty components do not end a fit: they are repaired,
    and a :class:`gmm.RepairWarning` reports the repairs.

    Parameters
    ----------
    n_components : int, default=1
    covariance_type : {'full', 'tied', 'diag', 'spherical'}, default='full'
    tol, reg_covar, max_iter, n_init, init_params, weights_init, means_init, precisions_init, \
            random_state, warm_start, verbose, verbose_interval
        As in scikit-learn.
    n_threads : int, optional
        Threads of this estimator; by default :func:`gmm.get_num_threads`. Results do not depend on
        it.
    contamination : float, optional
        The share of outliers among the samples of a fit, at least 0 and less than 1. The fit then
        sets ``threshold_``: a sample is an outlier when ``-score_samples`` is above it.
    time_budget : float, optional
        Seconds after which no iteration begins.
    callback : callable, optional
        Called with a :class:`gmm.Progress` after every iteration; returning False ends the fit.
    prior : bool, gmm.Prior or dict, optional
        A conjugate prior on the parameters, instead of ``reg_covar``. The result then depends on
        ``reg_covar`` only if all samples are equal.
    max_failed_swaps : int, optional
        Random swaps that may fail in a row after the restarts: each removes a component of the
        best fit, splits another and runs EM from there. By default 4 for each restart, but 0 with
        one restart or with ``means_init``.
    decay : float, default=0.7
        How fast ``partial_fit`` forgets, greater than 0.5 and at most 1.
    starts : {'native', 'scikit-learn'}, default='native'
        Which library finds the starts. With 'scikit-learn' the same ``random_state`` gives the
        same fit as scikit-learn, and costs the time of its k-means. These starts ignore sample
        weights, and ``max_failed_swaps`` is ignored.
    convergence : {'change', 'aitken'}, default='change'
        What ``tol`` is compared with: the change of the lower bound in an iteration, or its
        distance to the limit that Aitken's extrapolation estimates.
    reg_covar_relative : bool, default=False
        Whether ``reg_covar`` is relative to the mean variance of the features, so that a fit does
        not depend on their unit.

    Attributes
    ----------
    weights_, means_, covariances_, precisions_, precisions_cholesky_, converged_, n_iter_, \
            lower_bound_, lower_bounds_, n_features_in_, feature_names_in_
        As in scikit-learn. float32 if the samples are float32 and all of these arrays are in its
        range, else float64: variances are squares, so they leave the range of float32 first.
    diagnosis_ : gmm.Diagnosis
        The support of each component, and the repairs.
    threshold_ : float
        Only with ``contamination``: at most that share of the samples of the last ``fit`` or
        ``partial_fit`` have a larger energy. Samples without weight are left out.
    n_updates_ : int
        Number of batches that ``partial_fit`` has used after the first.

    Examples
    --------
    >>> import numpy as np
    >>> from gmm import GaussianMixture
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> gm = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> gm.means_[gm.predict([[0, 0], [12, 3]])]
    array([[ 1.,  2.],
           [10.,  2.]])
    """

    covariances_: Real
    precisions_: Real
    converged_: bool
    n_iter_: int
    lower_bound_: float
    lower_bounds_: list[float]
    diagnosis_: Diagnosis
    threshold_: float
    n_updates_: int
    _learner: _stepwise.Learner | None

    _parameter_constraints: dict[str, list[Any]] = {**_Base._parameter_constraints, **CONSTRAINTS}

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: Any = None,
        means_init: Any = None,
        precisions_init: Any = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_threads: int | None = None,
        contamination: float | None = None,
        time_budget: float | None = None,
        callback: Callable[[Progress], bool | None] | None = None,
        prior: bool | Prior | dict[str, Any] | None = None,
        max_failed_swaps: int | None = None,
        decay: float = 0.7,
        starts: str = "native",
        convergence: str = "change",
        reg_covar_relative: bool = False,
    ) -> None:
        super().__init__(
            n_components=n_components,
            covariance_type=covariance_type,
            tol=tol,
            reg_covar=reg_covar,
            max_iter=max_iter,
            n_init=n_init,
            init_params=init_params,
            weights_init=weights_init,
            means_init=means_init,
            precisions_init=precisions_init,
            random_state=random_state,
            warm_start=warm_start,
            verbose=verbose,
            verbose_interval=verbose_interval,
        )
        self.n_threads = n_threads
        self.contamination = contamination
        self.time_budget = time_budget
        self.callback = callback
        self.prior = prior
        self.max_failed_swaps = max_failed_swaps
        self.decay = decay
        self.starts = starts
        self.convergence = convergence
        self.reg_covar_relative = reg_covar_relative

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> GaussianMixture:
        """Estimates the parameters by expectation-maximisation.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : Ignored
        sample_weight : array-like of shape (n_samples,), optional
            Weight of each sample: 2 is the row twice, 0 leaves the row out.

        Returns
        -------
        self
        """
        self._fit(X, sample_weight)
        return self

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> NDArray[np.int64]:
        """Fits, and returns the most likely component of each sample, of shape (n_samples,)."""
        return self._labels(self._fit(X, sample_weight))

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> GaussianMixture:
        """Updates the model with a batch by stepwise EM. The first batch is fitted.

        Batches are not kept.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : Ignored
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self
        """
        if not hasattr(self, "weights_"):
            self._fit(X, sample_weight)
            self.n_updates_ = 0
            return self
        batch = self._validated(X, reset=False)
        counts = counts_of(sample_weight, batch)
        learner = self.__dict__.get("_learner")
        if learner is None or not _stepwise.belongs(learner, self._model()):
            learner = _stepwise.begin(self.mixture_, self._model())
        rules = _stepwise.StepwiseOptions(
            self.decay,
            self.reg_covar,
            self.reg_covar_relative,
            Prior.of(self.prior),
            self.n_threads,
        )
        mixture, moments = self._explained(
            batch, lambda: _stepwise.update(learner, self.mixture_, batch, counts, rules)
        )
        set_parameters(self, mixture, self.means_.dtype)
        self._learner = _stepwise.settle(learner, moments, self._model())
        self.n_updates_ = self._learner.n_updates
        self._set_threshold(batch, counts)
        return self

    def _fit(self, X: Any, sample_weight: Any) -> Real:
        begins = not (self.warm_start and hasattr(self, "converged_"))
        known = {name: vars(self)[name] for name in _NAMES if name in vars(self)}
        samples = self._validated(X, reset=True, ensure_min_samples=2)
        try:
            self._check_continues(samples, begins)
            check_start(self, samples)
        except ValueError:
            # The model of the last fit is unchanged, so its feature names are restored.
            for name in _NAMES:
                self.__dict__.pop(name, None)
            self.__dict__.update(known)
            raise
        counts = counts_of(sample_weight, samples)
        random_state = check_random_state(self.random_state)
        if self.max_iter == 0:
            self._only_start(samples, counts, begins, random_state)
        else:
            options = self._options(counts)
            watch = Watch(self, None if begins else self.lower_bound_)
            if begins and self.starts == "scikit-learn":
                self._explained(samples, lambda: _checked_finite(samples))
                fitted = best_of(self, samples, options, watch, random_state)
            else:
                self._set_start(options, begins, random_state)
                options.observe = watch.observer(self.callback)
                fitted = self._explained(samples, lambda: fit(samples, options))
            watch.ended(fitted)
            self._set_fit(fitted, samples.dtype, watch.settled)
            self._warn(samples, counts)
        self._learner = None
        self.__dict__.pop("n_updates_", None)
        self._set_threshold(samples, counts)
        return samples

    def _check_continues(self, samples: Real, begins: bool) -> None:
        (n, d), k = samples.shape, self.n_components
        if not begins and d != np.shape(self.means_)[1]:
            raise ValueError(
                f"X has {d} features, but the last fit, which warm_start goes on from, had "
                f"{np.shape(self.means_)[1]}; pass as many, or set warm_start=False"
            )
        if not begins and len(self.weights_) != k:
            raise ValueError(
                f"n_components is {k}, but the last fit, which warm_start goes on from, had "
                f"{len(self.weights_)}; keep that, or set warm_start=False"
            )
        if n < k:
            raise ValueError(
                f"Expected n_samples >= n_components but got n_components = {k}, n_samples = {n}"
            )

    def _options(self, counts: Float64 | None) -> FitOptions:
        return FitOptions(
            n_components=self.n_components,
            covariance_type=self.covariance_type,
            tol=self.tol,
            max_iter=self.max_iter,
            reg_covar=self.reg_covar,
            reg_covar_relative=self.reg_covar_relative,
            convergence=self.convergence,
            time_budget=self.time_budget,
            sample_weight=counts,
            prior=Prior.of(self.prior),
            n_threads=self.n_threads,
        )

    def _set_start(self, options: FitOptions, begins: bool, random_state: Any) -> None:
        if not begins:
            options.start = self.mixture_
            return
        high, low = random_state.randint(1 << 32, size=2, dtype=np.int64).tolist()
        options.seed, options.init, options.max_failed_swaps = (
            high << 32 | low,
            self.init_params,
            self.max_failed_swaps,
        )
        options.weights, options.means = self.weights_init, self.means_init
        options.precisions = self.precisions_init
        # With weights, means and precisions given, every restart would be the same.
        given = self.weights_init, self.means_init, self.precisions_init
        options.n_init = 1 if all(part is not None for part in given) else self.n_init

    def _set_fit(self, fitted: Fit, dtype: np.dtype[Any], settled: bool) -> None:
        set_parameters(self, fitted.mixture, dtype)
        self.converged_ = fitted.converged or settled
        self.n_iter_ = fitted.n_iter
        self.lower_bound_ = fitted.lower_bound
        self.lower_bounds_ = fitted.lower_bounds
        self.diagnosis_ = fitted.diagnosis

    def _warn(self, samples: Real, counts: Float64 | None, stacklevel: int = 5) -> None:
        """Warns as scikit-learn does, and of repairs and components without support."""
        diagnosis = self.diagnosis_
        if diagnosis.n_repairs or diagnosis.stop == "refused":
            message = f"The fit needed repairs: {diagnosis}."
            warnings.warn(message, RepairWarning, stacklevel=stacklevel)
        elif diagnosis.unsupported.any():
            message = (
                f"Some components are supported by no samples, or by a single point: {diagnosis}. "
                "Try fewer components. If this concerns all components, rescale the features or "
                "set reg_covar_relative=True."
            )
            warnings.warn(message, RepairWarning, stacklevel=stacklevel)
        if diagnosis.n_repairs or diagnosis.unsupported.any():
            k = self.n_components
            n_distinct = distinct_rows(samples, counts, k)
            if n_distinct < k:
                warnings.warn(
                    f"Number of distinct clusters ({n_distinct}) found smaller than n_clusters "
                    f"({k}). Possibly due to duplicate points in X.",
                    ConvergenceWarning,
                    stacklevel=stacklevel,
                )
        if not self.converged_ and diagnosis.stop != "cancelled":
            warnings.warn(
                "Best performing initialization did not converge. Try different init parameters, "
                "or increase max_iter, tol, or check for degenerate data.",
                ConvergenceWarning,
                stacklevel=stacklevel,
            )

    def _only_start(
        self, samples: Real, counts: Float64 | None, begins: bool, random_state: Any
    ) -> None:
        """``max_iter=0``: the model is the start, which scikit-learn finds."""
        if counts is not None:
            raise ValueError("max_iter=0 does not use sample_weight; pass max_iter=1 or more")
        self._explained(samples, lambda: _checked_finite(samples))
        if begins:
            start_as_scikit_learn(self, samples, random_state)
        self.converged_, self.n_iter_, self.lower_bound_ = False, 0, -np.inf
        self.lower_bounds_ = []
        self.__dict__.pop("diagnosis_", None)
        self._set_parameters(self._get_parameters())

    def _set_threshold(self, samples: Real, counts: Float64 | None) -> None:
        if self.contamination is not None:
            energies = self.mixture_.energies(samples, n_threads=self.n_threads)
            if samples.dtype != np.float64 and not np.isfinite(energies).all():
                samples = samples.astype(np.float64)
                energies = self.mixture_.energies(samples, n_threads=self.n_threads)
            present = energies if counts is None else energies[counts > 0.0]
            self.threshold_ = _thresholds.threshold_by_contamination(present, self.contamination)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> GaussianMixture:
        """An estimator with the model of a file, ready to predict.

        It also gets what :meth:`save` wrote: feature names, ``threshold_``, ``diagnosis_``, bounds.
        """
        mixture, kept = Mixture.load(path), _model_file.metadata(path)
        estimator = cls.from_mixture(mixture)
        set_parameters(estimator, mixture, np.dtype(kept.get("python.dtype", "float64")))
        set_kept(estimator, kept)
        return estimator

    @classmethod
    def from_mixture(cls, mixture: Mixture) -> GaussianMixture:
        """An estimator with the parameters of a mixture, ready to predict."""
        kind = mixture.covariance_type
        estimator = cls(n_components=mixture.n_components, covariance_type=kind)
        estimator.converged_, estimator.n_iter_ = True, 0
        estimator.lower_bound_, estimator.lower_bounds_ = -np.inf, []
        estimator.n_features_in_ = mixture.n_features
        set_parameters(estimator, mixture, np.dtype(np.float64))
        return estimator

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.array_api_support = False
        return tags


#: Attributes that the samples of a fit set before the parameters.
_NAMES = ("n_features_in_", "feature_names_in_")


def _checked_finite(samples: Real) -> None:
    if not np.isfinite(samples.sum(dtype=np.float64)) and not np.isfinite(samples).all():
        raise NotFinite("samples are not all finite")
