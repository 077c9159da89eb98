"""Outlier detection with the interface of alibi-detect: its users only change an import.

The results of :class:`gmm.OutlierDetector` by alibi-detect's methods ``infer_threshold``,
``score`` and a ``predict`` that returns a dict. alibi-detect need not be installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gmm import __version__
from gmm._detector import OutlierDetector as _Detector
from gmm._thresholds import threshold_by_percentile

if TYPE_CHECKING:
    from gmm._arrays import Float64

__all__ = ["OutlierDetector"]


class OutlierDetector:
    """Finds outliers by their energy, with the interface of alibi-detect.

    Its ``predict`` returns a dict; that of :class:`gmm.OutlierDetector`, which has PyOD's
    interface, returns labels. So there are two classes; this one only converts results.

    Parameters
    ----------
    threshold : float, optional
        The energy above which a sample is an outlier. By default it is set by
        :meth:`infer_threshold`; before that call, the detector's ``threshold_`` is used.
    detector : gmm.OutlierDetector, optional
        Fitted or not; with or without a ``mixture``. By default
        ``gmm.OutlierDetector()``.
    data_type : str, optional
        Value for ``meta``, for example 'tabular'.

    Attributes
    ----------
    meta : dict
        ``name``, ``detector_type``, ``data_type``, ``online``, ``version``.
    threshold : float or None

    Examples
    --------
    >>> import gmm.alibi, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> od = gmm.alibi.OutlierDetector(detector=gmm.OutlierDetector(random_state=0))
    >>> od.fit(X)
    >>> od.infer_threshold(X, threshold_perc=95)
    >>> found = od.predict(np.array([[0.0, 0.0], [9.0, 9.0]]))
    >>> found["data"]["is_outlier"]
    array([0, 1])
    >>> found["meta"]["name"]
    'OutlierDetector'
    """

    def __init__(
        self,
        threshold: float | None = None,
        *,
        detector: _Detector | None = None,
        data_type: str | None = None,
    ) -> None:
        self.threshold = threshold
        self.detector = _Detector() if detector is None else detector
        self.meta: dict[str, Any] = {
            "name": type(self).__name__,
            "detector_type": "outlier",
            "data_type": data_type,
            "online": False,
            "version": __version__,
        }

    def fit(self, X: Any, **fit_params: Any) -> None:
        """Fits the detector to samples of shape (n, d); see :meth:`gmm.OutlierDetector.fit`.

        Arguments for training neural networks, such as ``epochs``, are refused.
        """
        self.detector.fit(X, **fit_params)

    def infer_threshold(
        self, X: Any, threshold_perc: float = 95.0, batch_size: int | None = None
    ) -> None:
        """Sets ``threshold`` so that ``threshold_perc`` percent of the samples are at or below it.

        Parameters
        ----------
        X : array-like of shape (n, d)
        threshold_perc : float, default=95.0
        batch_size : Ignored
            The library needs no batches.
        """
        self.threshold = threshold_by_percentile(self.score(X), threshold_perc)

    def score(self, X: Any, batch_size: int | None = None) -> Float64:
        """Energies in nats, of shape (n,): the larger, the more outlying."""
        return self.detector.decision_function(X)

    def predict(
        self,
        X: Any,
        batch_size: int | None = None,
        return_instance_score: bool = True,
        return_feature_score: bool = False,
    ) -> dict[str, dict[str, Any]]:
        """Labels samples as outliers or not.

        Parameters
        ----------
        X : array-like of shape (n, d)
        batch_size : Ignored
        return_instance_score : bool, default=True
        return_feature_score : bool, default=False
            What each feature contributes to the score, of shape (n, d).

        Returns
        -------
        dict
            ``meta``, and in ``data``: ``is_outlier``, 0 or 1, of shape (n,); ``instance_score``
            and ``feature_score``, each None if not requested; ``threshold``.
        """
        scores = self.score(X)
        threshold = self._threshold()
        return {
            "data": {
                "instance_score": scores if return_instance_score else None,
                "feature_score": self.detector.attribution(X) if return_feature_score else None,
                "is_outlier": (scores > threshold).astype(np.int64),
                "threshold": threshold,
            },
            "meta": dict(self.meta),
        }

    def _threshold(self) -> float:
        return self.detector.threshold_ if self.threshold is None else self.threshold
