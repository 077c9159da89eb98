"""Other parts of PyOD's interface: rejection, evaluation, attributes of the mixture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gmm._arrays import Float64
    from gmm._arrays import Real as RealArray
    from gmm._confidence import Known
    from gmm._mixture import Mixture


class Rejecting:
    """Rejection of unsure predictions, and the evaluation of a fit."""

    contamination: float
    decision_scores_: Float64
    _known: Known

    if TYPE_CHECKING:  # The detector defines these.

        def fit(self, X: Any) -> Any: ...
        def decision_function(self, X: Any) -> Float64: ...
        def _above(self, scores: Float64) -> NDArray[np.int64]: ...
        def _confidence(self, scores: Float64) -> Float64: ...

    @overload
    def predict_with_rejection(
        self,
        X: Any,
        T: float = 32,
        return_stats: Literal[False] = False,
        delta: float = 0.1,
        c_fp: float = 1,
        c_fn: float = 1,
        c_r: float | None = None,
    ) -> NDArray[np.int64]: ...
    @overload
    def predict_with_rejection(
        self,
        X: Any,
        T: float = 32,
        *,
        return_stats: Literal[True],
        delta: float = 0.1,
        c_fp: float = 1,
        c_fn: float = 1,
        c_r: float | None = None,
    ) -> tuple[NDArray[np.int64], list[float]]: ...
    def predict_with_rejection(
        self,
        X: Any,
        T: float = 32,
        return_stats: bool = False,
        delta: float = 0.1,
        c_fp: float = 1,
        c_fn: float = 1,
        c_r: float | None = None,
    ) -> NDArray[np.int64] | tuple[NDArray[np.int64], list[float]]:
        """Like :meth:`predict`, but -2 where the confidence is too low for a prediction.

        See Perini & Davis (2023), Unsupervised anomaly detection with rejection.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        T : float, default=32
            A prediction is rejected if its confidence is at most ``1 - exp(-T)``: a larger ``T``
            rejects more.
        return_stats : bool, default=False
            Whether to return the results of :meth:`compute_rejection_stats` too, as a list.
        delta, c_fp, c_fn, c_r
            As in :meth:`compute_rejection_stats`.
        """
        scores = self.decision_function(X)
        labels = self._above(scores)
        sure = 2.0 * np.abs(self._confidence(scores) - 0.5)
        labels[sure <= 1.0 - 2.0 * np.exp(-T)] = -2
        if not return_stats:
            return labels
        return labels, list(self.compute_rejection_stats(T, delta, c_fp, c_fn, c_r))

    def compute_rejection_stats(
        self,
        T: float = 32,
        delta: float = 0.1,
        c_fp: float = 1,
        c_fn: float = 1,
        c_r: float | None = None,
        verbose: bool = False,
    ) -> tuple[float, float, float]:
        """Expected rejection rate of :meth:`predict_with_rejection`, and bounds of rate and cost.

        Parameters
        ----------
        T : float, default=32
        delta : float, default=0.1
            Between 0 and 1. The bound of the rate holds with probability ``1 - delta``.
        c_fp, c_fn : float, default=1
            Costs of a false positive and of a false negative.
        c_r : float, optional
            Cost of a rejection; ``contamination`` by default.
        verbose : bool, default=False
            Whether to print the results.

        Returns
        -------
        expected_rejection_rate, upperbound_rejection_rate, upperbound_cost : float
        """
        check_is_fitted(self)
        if not T > 0 or not 0 < delta < 1:
            raise ValueError(f"T is {T} and delta {delta}; pass T > 0 and delta between 0 and 1")
        # PyOD's own default is -1, with a warning.
        cost = self.contamination if c_r is None or c_r < 0 else c_r
        stats = self._known.rejection_stats(self.contamination, T, delta, (c_fp, c_fn, cost))
        if verbose:
            names = (
                "expected rejection rate",
                "upper bound of the rejection rate",
                "and of the cost",
            )
            print(
                ", ".join(f"{name}: {value:.4g}" for name, value in zip(names, stats, strict=True))
            )
        return stats

    def fit_predict_score(self, X: Any, y: Any, scoring: str = "roc_auc_score") -> float:
        """Fits, and measures how well the scores separate known outliers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            1 for an outlier and 0 for others. The fit does not see it.
        scoring : {'roc_auc_score', 'prc_n_score'}, default='roc_auc_score'
            The area under the ROC curve, or the precision among the n samples with the highest
            scores, where n is the number of outliers.
        """
        from sklearn.metrics import precision_score, roc_auc_score

        if scoring not in ("roc_auc_score", "prc_n_score"):
            raise ValueError(f"scoring is {scoring!r}; pass 'roc_auc_score' or 'prc_n_score'")
        scores: Float64 = self.fit(X).decision_scores_
        truth = column_or_1d(y)
        check_consistent_length(scores, truth)
        if scoring == "roc_auc_score":
            return float(roc_auc_score(truth, scores))
        line = np.percentile(scores, 100.0 * (1.0 - np.count_nonzero(truth) / len(truth)))
        return float(precision_score(truth, scores > line, zero_division=0.0))


class OfOneMixture:
    """Attributes of a detector's single mixture, with PyOD's and scikit-learn's names."""

    detector_: Any
    #: Makes an estimator of this package from a mixture; it computes the precisions.
    _estimator_of: Callable[[Mixture], Any]

    @property
    def weights_(self) -> RealArray:
        """Weights of the mixture. A detector with several mixtures has none of these attributes.

        ``converged_``, ``n_iter_`` and ``lower_bound_`` exist if ``mixture`` was an estimator.
        """
        array: RealArray = self._of_mixture("weights_")
        return array

    @property
    def means_(self) -> RealArray:
        """As in :class:`gmm.GaussianMixture`."""
        array: RealArray = self._of_mixture("means_")
        return array

    @property
    def covariances_(self) -> RealArray:
        """As in :class:`gmm.GaussianMixture`."""
        array: RealArray = self._of_mixture("covariances_")
        return array

    @property
    def precisions_(self) -> RealArray:
        """As in :class:`gmm.GaussianMixture`."""
        array: RealArray = self._of_mixture("precisions_")
        return array

    @property
    def precisions_cholesky_(self) -> RealArray:
        """As in :class:`gmm.GaussianMixture`."""
        array: RealArray = self._of_mixture("precisions_cholesky_")
        return array

    @property
    def converged_(self) -> bool:
        """As in :class:`gmm.GaussianMixture`."""
        return bool(self._of_estimator("converged_"))

    @property
    def n_iter_(self) -> int:
        """As in :class:`gmm.GaussianMixture`."""
        return int(self._of_estimator("n_iter_"))

    @property
    def lower_bound_(self) -> float:
        """As in :class:`gmm.GaussianMixture`."""
        return float(self._of_estimator("lower_bound_"))

    def _of_mixture(self, name: str) -> Any:
        if hasattr(self, "detector_"):
            return getattr(self.detector_, name)
        mixtures = self.__dict__.get("mixtures_", ())
        if len(mixtures) != 1:
            raise AttributeError(
                f"a detector of {len(mixtures)} mixtures has no {name}; see mixtures_, or pass one "
                "n_components or a mixture"
            )
        return getattr(self._estimator_of(mixtures[0]), name)

    def _of_estimator(self, name: str) -> Any:
        if not hasattr(self, "detector_"):
            raise AttributeError(f"a detector has {name} only if mixture is an estimator")
        return getattr(self.detector_, name)
