"""The C ABI for ctypes: every struct, code and function of ``include/gmm.h``, and nothing else.

Handles are addresses (``c_void_p``). ``tests/test_abi.py`` compares sizes, offsets and names with
those of C. ctypes releases the GIL while a call runs.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import (
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_ssize_t,
    c_uint64,
    c_void_p,
)
from pathlib import Path
from typing import Any, Final

OK: Final = 0
NULL_POINTER: Final = 1
INVALID_SHAPE: Final = 2
SIZE_OVERFLOW: Final = 3
NOT_FINITE: Final = 4
NEGATIVE: Final = 5
EMPTY_COMPONENT: Final = 6
NOT_POSITIVE_DEFINITE: Final = 7
OUT_OF_RANGE: Final = 8
INVALID_ARGUMENT: Final = 9
IO: Final = 10
BAD_FILE: Final = 11
INTERNAL: Final = 12
SOURCE: Final = 13

#: scikit-learn's names; the index of a name is its code.
COVARIANCES: Final = ("full", "tied", "diag", "spherical")
CONVERGENCES: Final = ("change", "aitken")
INITS: Final = ("kmeans", "k-means++", "random_from_data", "random")
STOPS: Final = ("converged", "max_iter", "cancelled", "out_of_time", "refused")
REPAIRS: Final = ("raised_ridge", "reseeded")
CRITERIA: Final = ("bic", "aic", "icl")


class Prior(Structure):
    """``gmm_prior``."""

    _fields_ = [
        ("size", c_size_t),
        ("weight_concentration", c_double),
        ("mean_precision", c_double),
        ("mean", c_void_p),
        ("degrees_of_freedom", c_double),
        ("covariance", c_void_p),
    ]


class Progress(Structure):
    """``gmm_progress``."""

    _fields_ = [
        ("size", c_size_t),
        ("restart", c_size_t),
        ("iteration", c_size_t),
        ("lower_bound", c_double),
        ("elapsed", c_double),
        ("n_swaps", c_size_t),
    ]


ProgressCallback = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(Progress))
LogCallback = ctypes.CFUNCTYPE(None, c_void_p, c_int32, c_char_p)
RewindCallback = ctypes.CFUNCTYPE(c_int32, c_void_p)
ReadCallback = ctypes.CFUNCTYPE(c_ssize_t, c_void_p, c_size_t, c_void_p, c_void_p)


class FitOptions(Structure):
    """``gmm_fit_options``."""

    _fields_ = [
        ("size", c_size_t),
        ("n_components", c_size_t),
        ("tol", c_double),
        ("max_iter", c_size_t),
        ("reg_covar", c_double),
        ("n_init", c_size_t),
        ("seed", c_uint64),
        ("start", c_void_p),
        ("covariance_type", c_int32),
        ("convergence", c_int32),
        ("init", c_int32),
        ("reg_covar_relative", c_int32),
        ("time_budget", c_double),
        ("sample_weights", c_void_p),
        ("weights", c_void_p),
        ("means", c_void_p),
        ("covariances", c_void_p),
        ("precisions", c_void_p),
        ("prior", c_void_p),
        ("progress", ProgressCallback),
        ("userdata", c_void_p),
        ("cancel", c_void_p),
        ("max_failed_swaps", c_int64),
        ("log", LogCallback),
        ("log_userdata", c_void_p),
        ("error", c_void_p),
    ]


class Matrix(Structure):
    """``gmm_matrix_f64`` and ``gmm_matrix_f32``: ``data`` points to doubles or floats."""

    _fields_ = [
        ("data", c_void_p),
        ("rows", c_size_t),
        ("cols", c_size_t),
        ("row_stride", c_ssize_t),
        ("col_stride", c_ssize_t),
    ]


class Error(Structure):
    """``gmm_error``."""

    _fields_ = [
        ("size", c_size_t),
        ("status", c_int32),
        ("message", c_char * 500),
    ]


class Repair(Structure):
    """``gmm_repair``."""

    _fields_ = [
        ("kind", c_int32),
        ("iteration", c_size_t),
        ("component", c_size_t),
        ("from", c_size_t),
        ("ridge", c_double),
    ]


class FitReport(Structure):
    """``gmm_fit_report``."""

    _fields_ = [
        ("size", c_size_t),
        ("lower_bounds", c_void_p),
        ("lower_bounds_capacity", c_size_t),
        ("converged", c_int32),
        ("n_iter", c_size_t),
        ("lower_bound", c_double),
        ("restart", c_size_t),
        ("stop", c_int32),
        ("stop_status", c_int32),
        ("n_repairs", c_size_t),
        ("effective_counts", c_void_p),
        ("conditions", c_void_p),
        ("ridges", c_void_p),
        ("held_by_ridge", c_void_p),
        ("repairs", POINTER(Repair)),
        ("repairs_capacity", c_size_t),
        ("n_swaps", c_size_t),
    ]


class Source(Structure):
    """``gmm_source_f64`` and ``gmm_source_f32``: ``read`` writes doubles or floats."""

    _fields_ = [
        ("size", c_size_t),
        ("n_features", c_size_t),
        ("rewind", RewindCallback),
        ("read", ReadCallback),
        ("userdata", c_void_p),
        ("has_weights", c_int32),
    ]


class TrainingOptions(Structure):
    """``gmm_training_options``."""

    _fields_ = [
        ("size", c_size_t),
        ("eps", c_double),
        ("w_energy", c_double),
        ("w_cov_diag", c_double),
        ("ridge_limit", c_double),
        ("drop_empty", c_int32),
        ("running", c_void_p),
        ("error", c_void_p),
    ]


class StepwiseOptions(Structure):
    """``gmm_stepwise_options``."""

    _fields_ = [
        ("size", c_size_t),
        ("decay", c_double),
        ("reg_covar", c_double),
        ("reg_covar_relative", c_int32),
        ("prior", c_void_p),
        ("cancel", c_void_p),
        ("error", c_void_p),
    ]


class Criteria(Structure):
    """``gmm_criteria``."""

    _fields_ = [
        ("size", c_size_t),
        ("n_parameters", c_size_t),
        ("log_likelihood", c_double),
        ("aic", c_double),
        ("bic", c_double),
        ("icl", c_double),
    ]


class SweepOptions(Structure):
    """``gmm_sweep_options``."""

    _fields_ = [
        ("size", c_size_t),
        ("n_components", c_void_p),
        ("n_components_len", c_size_t),
        ("covariance_types", c_void_p),
        ("covariance_types_len", c_size_t),
        ("criterion", c_int32),
        ("fit", POINTER(FitOptions)),
        ("error", c_void_p),
    ]


class Candidate(Structure):
    """``gmm_candidate``."""

    _fields_ = [
        ("size", c_size_t),
        ("n_components", c_size_t),
        ("covariance_type", c_int32),
        ("status", c_int32),
        ("stop", c_int32),
        ("n_iter", c_size_t),
        ("n_parameters", c_size_t),
        ("log_likelihood", c_double),
        ("aic", c_double),
        ("bic", c_double),
        ("icl", c_double),
    ]


class Scores(Structure):
    """``gmm_scores_f64`` and ``gmm_scores_f32``: arrays of doubles or floats."""

    _fields_ = [
        ("size", c_size_t),
        ("energies", c_void_p),
        ("log_densities", c_void_p),
        ("responsibilities", c_void_p),
        ("log_responsibilities", c_void_p),
        ("squared_mahalanobis", c_void_p),
        ("labels", c_void_p),
        ("mean_energy", c_void_p),
        ("error", c_void_p),
    ]


class DetectorOptions(Structure):
    """``gmm_detector_options``."""

    _fields_ = [
        ("size", c_size_t),
        ("contamination", c_double),
        ("n_components", c_void_p),
        ("n_components_len", c_size_t),
        ("tol", c_double),
        ("max_iter", c_size_t),
        ("reg_covar", c_double),
        ("seed", c_uint64),
        ("sample_weights", c_void_p),
        ("cancel", c_void_p),
        ("time_budget", c_double),
        ("error", c_void_p),
    ]


def _prototypes() -> dict[str, tuple[Any, list[Any]]]:
    handle, array, size, status = c_void_p, c_void_p, c_size_t, c_int32
    matrix, out = POINTER(Matrix), POINTER(c_void_p)
    options, report = POINTER(FitOptions), POINTER(FitReport)
    create, texts = [size, size, array, array, array, out], POINTER(c_char_p)
    known = [matrix, array, options, handle, out]
    functions: dict[str, tuple[Any, list[Any]]] = {
        "last_error_message": (c_char_p, []),
        "last_error_copy": (size, [c_char_p, size]),
        "version": (c_char_p, []),
        "threads_create": (status, [size, out]),
        "threads_free": (None, [handle]),
        "cancel_create": (status, [out]),
        "cancel_request": (None, [handle]),
        "cancel_reset": (None, [handle]),
        "cancel_free": (None, [handle]),
        "prior_init": (status, [POINTER(Prior), size]),
        "fit_options_init": (status, [options, size]),
        "moments_len": (size, [handle]),
        "moments_add": (status, [handle, array, array, size]),
        "moments_scale": (status, [handle, c_double, array, size]),
        "moments_maximise": (status, [handle, array, size, options, out]),
        "training_options_init": (status, [POINTER(TrainingOptions), size]),
        "running_create": (status, [c_double, out]),
        "running_mixture": (status, [handle, POINTER(TrainingOptions), out]),
        "running_n_batches": (c_uint64, [handle]),
        "running_free": (None, [handle]),
        "stepwise_options_init": (status, [POINTER(StepwiseOptions), size]),
        "stepwise_create": (status, [handle, POINTER(StepwiseOptions), out]),
        "stepwise_mixture": (status, [handle, out]),
        "stepwise_n_updates": (c_uint64, [handle]),
        "stepwise_free": (None, [handle]),
        "mixture_n_parameters": (size, [handle]),
        "sweep_options_init": (status, [POINTER(SweepOptions), size]),
        "sweep_n_candidates": (size, [handle]),
        "sweep_best": (size, [handle]),
        "sweep_candidate": (status, [handle, size, POINTER(Candidate)]),
        "sweep_mixture": (status, [handle, size, out]),
        "sweep_report": (status, [handle, size, report]),
        "sweep_free": (None, [handle]),
        "mixture_create": (status, create),
        "mixture_create_from_precisions": (status, create),
        "mixture_create_with_type": (status, [c_int32, *create]),
        "mixture_create_from_precisions_with_type": (status, [c_int32, *create]),
        "mixture_create_from_factors": (status, [c_int32, size, size, *[array] * 5, out]),
        "mixture_to_bytes": (status, [handle, array, size, POINTER(size)]),
        "mixture_from_bytes": (status, [array, size, out]),
        "mixture_len": (size, [handle, c_int32]),
        "mixture_free": (None, [handle]),
        "mixture_n_components": (size, [handle]),
        "mixture_n_features": (size, [handle]),
        "mixture_covariance_type": (c_int32, [handle]),
        "mixture_save": (status, [handle, c_char_p]),
        "mixture_save_with_metadata": (status, [handle, texts, texts, size, c_char_p]),
        "mixture_load": (status, [c_char_p, out]),
        "model_metadata": (status, [c_char_p, c_char_p, c_char_p, size, POINTER(size)]),
        "model_metadata_keys": (status, [c_char_p, c_char_p, size, POINTER(size)]),
        "detector_options_init": (status, [POINTER(DetectorOptions), size]),
        "detector_threshold": (c_double, [handle]),
        "detector_stop": (c_int32, [handle]),
        "detector_n_mixtures": (size, [handle]),
        "detector_mixture": (status, [handle, size, out]),
        "detector_free": (None, [handle]),
    }
    read = "weights means dense_covariances covariances cholesky precisions_cholesky log_dets"
    for name in read.split():
        functions[f"mixture_{name}"] = (status, [handle, array, size])
    for bits, real in (("f64", c_double), ("f32", c_float)):
        each: dict[str, tuple[Any, list[Any]]] = {
            "params": (status, [matrix, matrix, real, *[array] * 5]),
            "energy": (status, [matrix, size, *[array] * 8]),
            "loss": (status, [matrix, matrix, *[real] * 3, *[array] * 5]),
            "training_loss": (
                status,
                [matrix, matrix, POINTER(TrainingOptions), handle, *[array] * 5, out],
            ),
            "energy_vjp": (status, [matrix, size, *[array] * 6, real, *[array] * 6]),
            "params_vjp": (status, [matrix, matrix, real, *[array] * 7]),
            "mixture_score_function": (status, [handle, matrix, handle, array]),
            "mixture_hessian_vector_products": (status, [handle, matrix, matrix, handle, array]),
            "mixture_fit": (status, [matrix, options, handle, out, report]),
            "mixture_fit_stream": (status, [POINTER(Source), options, handle, out, report]),
            "mixture_from_labels": (status, known),
            "mixture_from_responsibilities": (status, [matrix, matrix, options, handle, out]),
            "moments_of": (status, [handle, matrix, array, handle, array, size]),
            "stepwise_update": (status, [handle, matrix, array, handle, array]),
            "mixture_criteria": (status, [handle, matrix, array, handle, POINTER(Criteria)]),
            "sweep": (status, [matrix, POINTER(SweepOptions), handle, out]),
            "mixture_sample": (status, [handle, c_uint64, c_uint64, size, array, array]),
            "mixture_score": (status, [handle, matrix, handle, POINTER(Scores)]),
            "mixture_energies": (status, [handle, matrix, handle, array]),
            "mixture_responsibilities": (status, [handle, matrix, handle, array]),
            "scorer_create": (status, [handle, size, out]),
            "scorer_score": (status, [handle, matrix, POINTER(Scores)]),
            "scorer_free": (None, [handle]),
            "threshold_by_percentile": (status, [array, size, c_double, POINTER(c_double)]),
            "threshold_by_contamination": (status, [array, size, c_double, POINTER(c_double)]),
            "threshold_by_weighted_contamination": (
                status,
                [array, array, size, c_double, POINTER(c_double)],
            ),
            "cov_diag_vjp": (status, [size, size, array, c_double, array]),
            "mixture_attribution": (status, [handle, matrix, handle, array]),
            "detector_fit": (status, [matrix, POINTER(DetectorOptions), handle, out]),
            "detector_energies": (status, [handle, matrix, handle, array]),
            "detector_attribution": (status, [handle, matrix, handle, array]),
        }
        functions |= {f"{name}_{bits}": prototype for name, prototype in each.items()}
    return {f"gmm_{name}": prototype for name, prototype in functions.items()}


#: The result type and the argument types of each function.
PROTOTYPES: Final = _prototypes()


def _library_path() -> Path:
    endings = (".dll", ".pyd") if sys.platform == "win32" else (".so", ".dylib")
    folder = Path(__file__).parent
    found = [path for path in sorted(folder.glob("_native/*")) if path.suffix in endings]
    if not found:
        raise ImportError(f"no shared library in {folder / '_native'}; reinstall the package")
    return found[0]


#: Path of the shared library.
LIBRARY_PATH: Final = _library_path()

lib: Final[Any] = ctypes.CDLL(str(LIBRARY_PATH))
for _name, (_result, _arguments) in PROTOTYPES.items():
    _function = getattr(lib, _name)
    _function.restype, _function.argtypes = _result, _arguments
