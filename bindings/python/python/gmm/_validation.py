"""Samples of an estimator: converted by `_arrays`, then checked by scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    _check_sample_weight,
    check_array,
)

from gmm import _arrays, _tables

if TYPE_CHECKING:
    from gmm._arrays import Float64, Real

#: Dtypes that samples keep.
FLOATS = [np.float64, np.float32]


def samples_of(
    estimator: Any, X: Any, *, reset: bool, ensure_min_samples: int = 1, dtype: Any = FLOATS
) -> Real:
    """Samples that an estimator fits (``reset``) or scores. The library itself checks for NaN.

    An estimator reads everything that :class:`gmm.Mixture` reads. Other input is refused with
    scikit-learn's message, if it has one.
    """
    _check_feature_names(estimator, X, reset=reset)
    checks = {"dtype": dtype, "ensure_all_finite": False, "ensure_min_samples": ensure_min_samples}
    checks |= {"estimator": estimator, "input_name": "X"}
    try:
        array = _arrays.as_numbers(X, "samples")
    except (TypeError, ValueError):
        # For tables, the message names a column, so it is kept.
        if not (_tables.is_pandas(X) or _tables.has_capsules(X)):
            check_array(X, **checks)
        raise
    samples = check_array(array, **checks)
    _check_n_features(estimator, samples, reset=reset)
    return _arrays.as_real(samples, 2, "samples")


def check_finite(estimator: Any, samples: Real) -> None:
    """Refuses NaN and infinities with scikit-learn's message."""
    check_array(samples, dtype=FLOATS, estimator=estimator, input_name="X")


def counts_of(sample_weight: Any, samples: Real) -> Float64 | None:
    """Sample weights by scikit-learn's rules; None if there are none."""
    if sample_weight is None:
        return None
    if not np.isscalar(sample_weight):
        sample_weight = _arrays.as_numbers(sample_weight, "sample weights")
    weights = _check_sample_weight(sample_weight, samples, dtype=np.float64)
    return np.ascontiguousarray(weights, dtype=np.float64)
