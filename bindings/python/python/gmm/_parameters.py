"""Parameters of an estimator: constraints, start, and attributes set from a mixture."""

from __future__ import annotations

import inspect
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn import config_context
from sklearn.mixture import GaussianMixture
from sklearn.utils._param_validation import Interval, StrOptions

from gmm import _arrays
from gmm._abi import CONVERGENCES
from gmm._errors import out_of_range
from gmm._mixture import Mixture
from gmm._native_fit import Prior

if TYPE_CHECKING:
    from gmm._arrays import Real as RealArray

#: Whether `_check_parameters` of this scikit-learn takes an array namespace.
_TAKES_XP = "xp" in inspect.signature(GaussianMixture._check_parameters).parameters

#: Constraints of the parameters that scikit-learn does not have.
CONSTRAINTS: Final[dict[str, list[Any]]] = {
    "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    "contamination": [Interval(Real, 0, 1, closed="left"), None],
    "time_budget": [Interval(Real, 0, None, closed="neither"), None],
    "callback": [callable, None],
    "prior": ["boolean", Prior, dict, None],
    "max_failed_swaps": [Interval(Integral, 0, None, closed="left"), None],
    "decay": [Interval(Real, 0.5, 1, closed="right")],
    "starts": [StrOptions({"native", "scikit-learn"})],
    "convergence": [StrOptions(set(CONVERGENCES))],
    "reg_covar_relative": ["boolean"],
}


def check_start(estimator: Any, samples: RealArray) -> None:
    """Converts ``weights_init`` and the like to arrays; checks them by scikit-learn's rules."""
    for name in ("weights_init", "means_init", "precisions_init"):
        given = getattr(estimator, name)
        if given is not None:
            # Converted as samples are, so that masked elements are refused here too.
            setattr(estimator, name, _arrays.as_array(given, name))
    # Samples are NumPy arrays by now, so checks for other arrays must not apply.
    with config_context(array_api_dispatch=False):
        estimator._check_parameters(samples, **({"xp": np} if _TAKES_XP else {}))


def start_as_scikit_learn(estimator: Any, samples: RealArray, random_state: Any) -> None:
    """Sets the start that scikit-learn finds, which it computes in the dtype of the samples.

    Samples whose squares may be out of range are converted to float64.
    """
    largest = float(np.abs(samples).max(initial=0.0))
    if not (largest == 0.0 or 1e-15 < largest < 1e15):
        samples = samples.astype(np.float64, copy=False)
    with config_context(array_api_dispatch=False):
        estimator._initialize_parameters(samples, random_state)


def set_parameters(estimator: Any, mixture: Mixture, dtype: np.dtype[Any]) -> None:
    """Gives an estimator the parameters of a mixture, in scikit-learn's shapes.

    The arrays have ``dtype`` if all of them are in its range, else float64: masses of stars in
    kilograms are in the range of float32, but their variances are not.
    """
    covariances, kind = mixture.covariances, mixture.covariance_type
    if kind in ("full", "tied"):
        factors = mixture.precisions_cholesky if kind == "full" else mixture.precisions_cholesky[0]
        with np.errstate(over="ignore", invalid="ignore"):
            precisions = factors @ np.swapaxes(factors, -1, -2)
    else:
        factors = 1.0 / np.sqrt(covariances)
        with np.errstate(over="ignore"):
            precisions = factors**2
    if not np.isfinite(precisions).all():
        raise out_of_range("precisions leave the range of float64; rescale the features")
    parameters = {
        "weights_": mixture.weights,
        "means_": mixture.means,
        "covariances_": covariances,
        "precisions_cholesky_": factors,
        "precisions_": precisions,
    }
    if dtype != np.float64 and not _are_in_range(parameters, kind in ("full", "tied"), dtype):
        dtype = np.dtype(np.float64)
    # In one step: a signal between two assignments would leave weights and means of two models.
    vars(estimator).update(
        {name: array.astype(dtype, copy=False) for name, array in parameters.items()}
    )
    # Created now, because predictions must not change an estimator.
    _ = estimator.mixture_


def _are_in_range(parameters: dict[str, RealArray], dense: bool, dtype: np.dtype[Any]) -> bool:
    """Whether no parameter overflows in ``dtype`` and no weight or variance loses digits."""
    limits = np.finfo(dtype)
    if any(np.abs(array).max() > limits.max for array in parameters.values()):
        return False
    for name, array in parameters.items():
        if name == "means_":  # A tiny mean may be the rounding error of larger samples.
            continue
        scales = np.diagonal(array, axis1=-2, axis2=-1) if dense and name != "weights_" else array
        if scales[scales != 0.0].min(initial=np.inf) < limits.tiny:
            return False
    return True
