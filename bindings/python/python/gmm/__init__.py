"""Gaussian mixture models in one native core.

:class:`GaussianMixture` is scikit-learn's, fitted and scored by the library; :class:`Mixture` is a
mixture that is known; :func:`params` and :func:`energy` are the layers of deep mixture models, and
:func:`loss` is both with its gradients. ``gmm.torch``, ``gmm.jax`` and ``gmm.tensorflow`` are these
three as differentiable functions of tensors.

What needs scikit-learn or a framework is imported when it is first asked for: ``import gmm`` alone
needs NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gmm import _abi, _threads
from gmm._diagnosis import Diagnosis, Repair
from gmm._errors import (
    BadFile,
    EmptyComponent,
    Error,
    FileError,
    InternalError,
    InvalidInput,
    NotFinite,
    NotPositiveDefinite,
    OutOfRange,
    RepairWarning,
)
from gmm._estimates import energy, params
from gmm._loss import Loss, loss
from gmm._mixture import Criteria, Mixture, load
from gmm._native_fit import Prior, Progress
from gmm._running import RunningMoments
from gmm._threads import get_num_threads, thread_limit
from gmm._thresholds import threshold_by_contamination, threshold_by_percentile

if TYPE_CHECKING:
    from gmm import alibi, plot
    from gmm import jax as jax
    from gmm import tensorflow as tensorflow
    from gmm import torch as torch
    from gmm._detector import OutlierDetector
    from gmm._estimator import GaussianMixture
    from gmm._onnx import to_onnx
    from gmm._select import Selection, select
    from gmm._sklearn_convert import from_sklearn, to_sklearn

__all__ = [
    "BadFile",
    "Criteria",
    "Diagnosis",
    "EmptyComponent",
    "Error",
    "FileError",
    "GaussianMixture",
    "InternalError",
    "InvalidInput",
    "Loss",
    "Mixture",
    "NotFinite",
    "NotPositiveDefinite",
    "OutOfRange",
    "OutlierDetector",
    "Prior",
    "Progress",
    "Repair",
    "RepairWarning",
    "RunningMoments",
    "Selection",
    "TRUSTED_TYPES",
    "__version__",
    "alibi",
    "energy",
    "from_sklearn",
    "get_num_threads",
    "load",
    "loss",
    "params",
    "plot",
    "select",
    "thread_limit",
    "threshold_by_contamination",
    "threshold_by_percentile",
    "to_onnx",
    "to_sklearn",
]

__version__: str = _abi.lib.gmm_version().decode()

#: Types of this package that a file of ``skops.io`` may hold, for its ``trusted``:
#: ``skops.io.load(path, trusted=gmm.TRUSTED_TYPES)``. None of them runs code that a file brings.
TRUSTED_TYPES: list[str] = [
    "gmm._confidence.Known",
    "gmm._detector.OutlierDetector",
    "gmm._diagnosis.Diagnosis",
    "gmm._diagnosis.Repair",
    "gmm._estimator.GaussianMixture",
    "gmm._held.Held",
    "gmm._mixture.Criteria",
    "gmm._mixture.Mixture",
    "gmm._native_fit.Prior",
    "gmm._stepwise.Learner",
    "gmm.alibi.OutlierDetector",
]

#: What is found in modules that import scikit-learn.
_LAZY = {
    "GaussianMixture": "gmm._estimator",
    "OutlierDetector": "gmm._detector",
    "from_sklearn": "gmm._sklearn_convert",
    "select": "gmm._select",
    "Selection": "gmm._select",
    "to_onnx": "gmm._onnx",
    "to_sklearn": "gmm._sklearn_convert",
}
#: Modules of this package that are imported when they are first named.
_LAZY_MODULES = ("alibi", "plot")
#: And those that import a framework. They stand neither in ``__all__`` nor in ``dir()``: what goes
#: through all names, as ``from gmm import *`` does, would import all frameworks, and fail where one
#: is missing.
_FRAMEWORKS = ("jax", "tensorflow", "torch")

_threads.register_with_threadpoolctl()


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    if name in (*_LAZY_MODULES, *_FRAMEWORKS):
        return importlib.import_module(f"gmm.{name}")
    raise AttributeError(f"module 'gmm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_LAZY_MODULES})
