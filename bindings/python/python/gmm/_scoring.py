"""Scores of an estimator: scikit-learn's methods, by a mixture made from the attributes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gmm import _arrays, _model_file
from gmm._errors import NotFinite
from gmm._held import Held
from gmm._kept import metadata_of
from gmm._mixture import Criteria, Mixture
from gmm._skl2onnx import Convertible
from gmm._sklearn_model import to_theirs
from gmm._validation import FLOATS, check_finite, counts_of, samples_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gmm._arrays import Real

_T = TypeVar("_T")


class Scoring(Convertible):
    """Base class before scikit-learn's in the MRO, so that the library computes all scores."""

    _onnx_outputs = ("label", "probabilities")
    _onnx_options = ("score_samples",)

    weights_: Real
    means_: Real
    precisions_cholesky_: Real
    covariance_type: str
    n_features_in_: int
    n_threads: int | None
    _held: Held
    _n_parameters: Callable[[], int]

    def score_samples(self, X: Any) -> Real:
        """Log-likelihood of each sample, in nats, of shape (n_samples,)."""
        return self._scored(X, "log_densities")

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The mean log-likelihood of the samples, in nats.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : Ignored
        sample_weight : array-like of shape (n_samples,), optional
            Weight of each sample: 2 is the row twice, 0 leaves the row out.
        """
        if sample_weight is None:
            return -float(self._scored(X, "mean_energy")[0])
        criteria, total = self._criteria(X, sample_weight)
        return criteria.log_likelihood / total

    def bic(self, X: Any, sample_weight: Any = None) -> float:
        """Bayesian information criterion of the samples; the smaller, the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        sample_weight : array-like of shape (n_samples,), optional
            Weight of each sample. For a weighted fit, pass its weights again.
        """
        if sample_weight is not None:
            return self._criteria(X, sample_weight)[0].bic
        log_likelihood, n = self._log_likelihood(X)
        return -2.0 * log_likelihood + self._n_parameters() * float(np.log(n))

    def aic(self, X: Any, sample_weight: Any = None) -> float:
        """Akaike's information criterion of the samples; the smaller, the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        sample_weight : array-like of shape (n_samples,), optional
            Weight of each sample. For a weighted fit, pass its weights again.
        """
        if sample_weight is not None:
            return self._criteria(X, sample_weight)[0].aic
        return -2.0 * self._log_likelihood(X)[0] + 2.0 * self._n_parameters()

    def _log_likelihood(self, X: Any) -> tuple[float, int]:
        """The log-likelihood of the samples, and their number."""
        mixture, n_threads = self.mixture_, self.n_threads
        samples = self._validated(X, reset=False)
        mean = self._explained(samples, lambda: mixture.mean_energy(samples, n_threads=n_threads))
        return -mean * len(samples), len(samples)

    def _criteria(self, X: Any, sample_weight: Any) -> tuple[Criteria, float]:
        """The criteria of weighted samples, and the sum of the weights."""
        mixture, n_threads = self.mixture_, self.n_threads
        samples = self._validated(X, reset=False)
        counts = counts_of(sample_weight, samples)
        assert counts is not None
        found = self._explained(
            samples, lambda: mixture.criteria(samples, counts, n_threads=n_threads)
        )
        return found, float(counts.sum())

    def predict(self, X: Any) -> NDArray[np.int64]:
        """The most likely component of each sample, of shape (n_samples,)."""
        return self._scored(X, "labels").astype(np.int64)

    def predict_proba(self, X: Any) -> Real:
        """Responsibilities, of shape (n_samples, n_components); rows sum to 1."""
        return self._scored(X, "responsibilities")

    def sample(self, n_samples: int = 1) -> tuple[Any, Any]:
        """Draws samples as scikit-learn does, from the same generator; refuses invalid models."""
        _ = self.mixture_
        drawn: tuple[Any, Any] = super().sample(n_samples)  # type: ignore[misc]  # scikit-learn's class has it.
        return drawn

    def _estimate_log_prob_resp(self, X: Any, xp: Any = None) -> tuple[Real, Real]:
        """Log-densities and log-responsibilities, for scikit-learn's own methods."""
        names = "log_densities", "log_responsibilities"
        scores = self.mixture_.score(X, *names, n_threads=self.n_threads)
        return scores["log_densities"], scores["log_responsibilities"]

    def _scored(self, X: Any, name: str) -> NDArray[Any]:
        mixture, n_threads = self.mixture_, self.n_threads
        samples = self._validated(X, reset=False)
        scores = self._explained(
            samples, lambda: mixture.score(samples, name, n_threads=n_threads)[name]
        )
        if scores.dtype.kind == "f" and scores.dtype != self.means_.dtype:
            # As in scikit-learn: float32 only if both samples and model are float32.
            return scores.astype(np.float64, copy=False)
        return scores

    def _labels(self, samples: Real) -> NDArray[np.int64]:
        labels = self.mixture_.predict(samples, n_threads=self.n_threads)
        return labels.astype(np.int64)

    @property
    def mixture_(self) -> Mixture:
        """The model as a :class:`gmm.Mixture`, made from the current attributes."""
        if not hasattr(self, "precisions_cholesky_"):
            check_is_fitted(self)
        held = self.__dict__.get("_held")
        if held is None:
            held = self._held = Held()
        return held.mixture(self.covariance_type, *self._model())

    def _model(self) -> tuple[Any, Any, Any]:
        return self.weights_, self.means_, self.precisions_cholesky_

    def __getstate__(self) -> dict[str, Any]:
        # The held mixture is derived from the attributes, so it is not pickled.
        state: dict[str, Any] = super().__getstate__()  # type: ignore[assignment]
        return {name: value for name, value in state.items() if name != "_held"}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model to a file that every other part of gmm reads.

        The file also gets the feature names, the threshold, the dtype of the attributes, and the
        results of the fit.
        """
        _model_file.save(self.mixture_._handle, path, metadata_of(self))

    def to_sklearn(self) -> Any:
        """The model as scikit-learn's own estimator; see :func:`gmm.to_sklearn`."""
        return to_theirs(self)

    def _validated(self, X: Any, reset: bool, ensure_min_samples: int = 1) -> Real:
        """Samples by scikit-learn's rules. The library checks for NaN, without an extra pass."""
        if not reset and self._is_plain(X):
            return _arrays.as_real(X, 2, "samples")
        return samples_of(self, X, reset=reset, ensure_min_samples=ensure_min_samples)

    def _is_plain(self, X: Any) -> bool:
        """Whether scikit-learn would accept X unchanged; its check takes longer than a score."""
        return (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype in FLOATS
            and X.shape == (len(X) or 1, getattr(self, "n_features_in_", None))
            and not hasattr(self, "feature_names_in_")
        )

    def _explained(self, samples: Real, call: Callable[[], _T]) -> _T:
        """Returns ``call()``; NaN is refused with scikit-learn's message."""
        try:
            return call()
        except NotFinite:
            check_finite(self, samples)
            raise
