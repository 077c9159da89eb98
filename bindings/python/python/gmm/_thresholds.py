"""Thresholds: energies above which a sample is an outlier."""

from __future__ import annotations

import ctypes
from typing import Any

from gmm import _abi, _arrays
from gmm._errors import check


def threshold_by_percentile(energies: Any, percent: float) -> float:
    """The energy that ``percent`` of the energies are at or below, by linear interpolation.

    Parameters
    ----------
    energies : array-like of shape (n,)
    percent : float
        From 0 to 100.

    Examples
    --------
    >>> import gmm
    >>> gmm.threshold_by_percentile([1.0, 2.0, 4.0], 75)
    3.0
    """
    return _threshold("percentile", energies, percent)


def threshold_by_contamination(energies: Any, fraction: float, sample_weight: Any = None) -> float:
    """The least threshold that no more than a share ``fraction`` of the energies are above.

    Parameters
    ----------
    energies : array-like of shape (n,)
    fraction : float
        At least 0 and less than 1.
    sample_weight : array-like of shape (n,), optional
        Weights of the energies; ``fraction`` is then a fraction of the total weight.

    Examples
    --------
    >>> import gmm
    >>> gmm.threshold_by_contamination([5.0, 1.0, 9.0, 2.0], 0.25)
    5.0
    """
    if sample_weight is None:
        return _threshold("contamination", energies, fraction)
    return _threshold("weighted_contamination", energies, fraction, sample_weight)


def _threshold(kind: str, energies: Any, share: float, weights: Any = None) -> float:
    values = _arrays.as_real(energies, 1, "energies")
    if not values.flags.c_contiguous:
        values = values.copy()
    arrays = [values]
    if weights is not None:
        arrays.append(_arrays.as_doubles(weights, values.shape, "sample weights"))
    out = ctypes.c_double()
    where = [_arrays.address(array) for array in arrays]
    call = getattr(_abi.lib, f"gmm_threshold_by_{kind}_{_arrays.suffix(values)}")
    check(call(*where, len(values), share, ctypes.byref(out)))
    return out.value
