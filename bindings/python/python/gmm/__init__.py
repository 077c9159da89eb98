"""Gaussian mixture models in one native core.

:class:`GaussianMixture` is scikit-learn's, fitted and scored by the library. :class:`Mixture` is a
mixture with given parameters. :func:`params` and :func:`energy` are the layers of deep mixture
models, and :func:`loss` computes both and their gradients. ``gmm.torch``, ``gmm.jax`` and
``gmm.tensorflow`` provide these three as differentiable functions of tensors.

Modules that need scikit-learn or a framework are imported at their first use: ``import gmm`` itself
needs only NumPy.
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

#: Types of this package that a file of ``skops.io`` may hold:
#: ``skops.io.load(path, trusted=gmm.TRUSTED_TYPES)``. None of them runs code from the file.
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

#: Names from modules that import scikit-learn or ONNX, with their modules.
_LAZY = {
    "GaussianMixture": "gmm._estimator",
    "OutlierDetector": "gmm._detector",
    "from_sklearn": "gmm._sklearn_convert",
    "select": "gmm._select",
    "Selection": "gmm._select",
    "to_onnx": "gmm._onnx",
    "to_sklearn": "gmm._sklearn_convert",
}
#: Modules of this package that are imported at their first use.
_LAZY_MODULES = ("alibi", "plot")
#: Modules that import a framework. They are neither in ``__all__`` nor in ``dir()``: code that
#: reads all names, as ``from gmm import *`` does, would import every framework and fail if one is
#: missing.
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
