"""Fits by the library: options in, a mixture and a report out. Does not need scikit-learn."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gmm import _abi, _arrays, _threads
from gmm._diagnosis import Diagnosis, Repair
from gmm._errors import check
from gmm._handle import new_handle
from gmm._integers import MAX_INT64, seed, whole
from gmm._interrupt import SHORT, Questions, interruptible, new_token
from gmm._mixture import Mixture, _shape

if TYPE_CHECKING:
    from gmm._arrays import Float64, Real

_lib = _abi.lib
#: Most bounds and repairs in a report: `max_iter` has no limit.
_MAX_BOUNDS, _MAX_REPAIRS = 100_000, 1_000


@dataclass(frozen=True)
class Prior:
    """A conjugate prior that fits maximise together with the likelihood, instead of ``reg_covar``.

    The result then depends on ``reg_covar`` only if all samples are equal.
    Weights are Dirichlet, means normal about ``mean``, covariances inverse Wishart about
    ``covariance``. The defaults are those of Fraley and Raftery (2007).
    """

    #: From 1, which is flat, to 1e100.
    weight_concentration: float = 1.0
    #: The weight of ``mean``, in samples; at most 1e100.
    mean_precision: float = 0.01
    #: Of shape (d,); by default the mean of the samples.
    mean: Any = None
    #: More than d - 1 and at most 1e100; by default d + 2.
    degrees_of_freedom: float | None = None
    #: (d, d) for full and tied covariances, (d,) for diagonal ones, a number for spherical ones;
    #: by default it is derived from the samples.
    covariance: Any = None

    @staticmethod
    def of(prior: bool | Prior | dict[str, Any] | None) -> Prior | None:
        """The prior for a parameter: True is the defaults, a dict has the fields that differ."""
        if isinstance(prior, dict):
            return Prior(**prior)
        return prior if isinstance(prior, Prior) else Prior() if prior else None

    def _checked_degrees(self, d: int) -> float:
        degrees = self.degrees_of_freedom
        if degrees == 0.0:  # The C ABI uses 0 for the default.
            raise ValueError(
                f"the prior's degrees_of_freedom are 0; they must be greater than {d - 1}, "
                f"or None for {d + 2}"
            )
        return float(degrees)  # type: ignore[arg-type]  # Not None here.

    def options(self, covariance_type: str, d: int) -> tuple[_abi.Prior, list[Any]]:
        """The struct, and the arrays that it points to."""
        prior = _abi.Prior()
        check(_lib.gmm_prior_init(prior, ctypes.sizeof(prior)))
        prior.weight_concentration = self.weight_concentration
        prior.mean_precision = self.mean_precision
        if self.degrees_of_freedom is not None:
            prior.degrees_of_freedom = self._checked_degrees(d)
        kept: list[Any] = []
        shape = {"diag": (d,), "spherical": ()}.get(covariance_type, (d, d))
        for name, value, expected in (
            ("mean", self.mean, (d,)),
            ("covariance", self.covariance, shape),
        ):
            if value is not None:
                given = _arrays.as_numbers(value, f"numbers of the prior's {name}")
                array = np.array(given, dtype=np.float64, order="C")
                if array.shape != expected:
                    raise ValueError(
                        f"the prior's {name} has the shape {array.shape}; pass {expected}"
                    )
                kept.append(array)
                setattr(prior, name, _arrays.address(array))
        return prior, kept


@dataclass(frozen=True)
class Progress:
    """One iteration of a fit."""

    #: Restart of this iteration, from 0; during swaps, the restart that won.
    restart: int
    #: Iteration of the restart or of the last swap, from 1.
    iteration: int
    #: Nats per sample.
    lower_bound: float
    #: Seconds since the fit began.
    elapsed: float
    #: Swaps begun after the restarts; 0 during the restarts.
    n_swaps: int


@dataclass
class FitOptions:
    """Options of a fit; the fields of ``gmm_fit_options``."""

    n_components: int
    covariance_type: str = "full"
    tol: float = 1e-3
    max_iter: int = 100
    reg_covar: float = 1e-6
    reg_covar_relative: bool = False
    convergence: str = "change"
    n_init: int = 1
    seed: int = 0
    init: str = "kmeans"
    time_budget: float | None = None
    sample_weight: Float64 | None = None
    start: Mixture | None = None
    weights: Float64 | None = None
    means: Float64 | None = None
    precisions: Float64 | None = None
    prior: Prior | None = None
    max_failed_swaps: int | None = None
    #: Returns whether to continue.
    observe: Callable[[Progress], bool] | None = None
    n_threads: int | None = None


@dataclass(frozen=True)
class Fit:
    """A fitted mixture and the report of its fit."""

    mixture: Mixture
    converged: bool
    n_iter: int
    lower_bound: float
    lower_bounds: list[float]
    diagnosis: Diagnosis


@dataclass
class _Call:
    """The options of a call, and everything that they point to."""

    options: _abi.FitOptions
    kept: list[Any] = field(default_factory=list)

    def point(self, name: str, array: Float64 | None, shape: tuple[int, ...]) -> None:
        if array is not None:
            array = _arrays.as_doubles(array, shape, name)
            self.kept.append(array)
            setattr(self.options, name, _arrays.address(array))


def fit(samples: Real, how: FitOptions) -> Fit:
    """Fits a mixture to samples (n x d). Any exception ends the fit, Ctrl-C and timeouts too."""
    call = _call(how, *samples.shape)
    report, kept = _report(how, samples.shape[1])
    function = getattr(_lib, f"gmm_mixture_fit_{_arrays.suffix(samples)}")
    view, pool = _arrays.matrix(samples), _threads.pool(how.n_threads)

    def run(_: Any = (samples, call, kept)) -> Mixture:
        # The default argument keeps what the structs point to alive as long as this function.
        fitted = lambda out: int(function(view, call.options, pool, out, report))  # noqa: E731
        return Mixture._of(new_handle(fitted, "mixture"))

    if how.observe is None and duration(how, *samples.shape) < SHORT:
        return _reported(run(), report, kept)
    token, cancel = new_token()
    call.options.cancel = token.address
    call.kept.append(token)
    questions = Questions()
    if how.observe is not None:
        call.options.progress = _callback(questions)
    mixture = interruptible(run, cancel, questions, how.observe or _always_continue)
    return _reported(mixture, report, kept)


def _always_continue(_: Progress) -> bool:
    return True


def duration(how: FitOptions, n: int, d: int) -> float:
    """Rough time on one thread with all iterations, in nanoseconds; seldom too small."""
    swaps = (
        how.max_failed_swaps
        if how.max_failed_swaps is not None
        else 4 * how.n_init
        if how.n_init > 1
        else 0
    )
    runs = float(how.n_init + 2 * swaps)
    return runs * how.max_iter * iteration_time(n, how.n_components, d)


def iteration_time(n: int, k: int, d: int) -> float:
    """Rough time of an iteration on one thread, in nanoseconds."""
    return k * (2000.0 + n * (20.0 + d * d) + float(d) ** 3)


def _call(how: FitOptions, n: int, d: int) -> _Call:
    k = how.n_components
    options = _abi.FitOptions()
    check(_lib.gmm_fit_options_init(options, ctypes.sizeof(options)))
    call = _Call(options)
    options.n_components = whole(k, "n_components", least=1)
    options.tol, options.reg_covar = how.tol, how.reg_covar
    options.max_iter = whole(how.max_iter, "max_iter", least=1)
    options.n_init, options.seed = whole(how.n_init, "n_init", least=1), seed(how.seed)
    options.covariance_type = _abi.COVARIANCES.index(how.covariance_type)
    options.convergence = _abi.CONVERGENCES.index(how.convergence)
    options.reg_covar_relative = int(how.reg_covar_relative)
    options.time_budget = how.time_budget or 0.0
    options.max_failed_swaps = (
        -1
        if how.max_failed_swaps is None
        else whole(how.max_failed_swaps, "max_failed_swaps", most=MAX_INT64)
    )
    if how.start is None:
        options.init = _abi.INITS.index(how.init)
    else:
        call.kept.append(how.start)
        options.start = how.start._handle.address
    call.point("sample_weights", how.sample_weight, (n,))
    call.point("weights", how.weights, (k,))
    call.point("means", how.means, (k, d))
    call.point("precisions", how.precisions, _shape(how.covariance_type, k, d))
    if how.prior is not None:
        prior, kept = how.prior.options(how.covariance_type, d)
        call.kept += [prior, kept]
        options.prior = ctypes.addressof(prior)
    return call


def _callback(questions: Questions) -> Any:
    """The callback after every iteration: it runs on the worker, and the caller answers it."""

    def call(_: int | None, step: Any) -> int:
        now = step.contents
        progress = Progress(now.restart, now.iteration, now.lower_bound, now.elapsed, now.n_swaps)
        return 0 if questions.ask(progress) else 1

    return _abi.ProgressCallback(call)


def _report(how: FitOptions, d: int) -> tuple[_abi.FitReport, dict[str, Any]]:
    k = how.n_components
    kept: dict[str, Any] = {
        "lower_bounds": np.empty(min(how.max_iter, _MAX_BOUNDS)),
        "effective_counts": np.empty(k),
        "conditions": np.empty(k),
        "ridges": np.empty(k),
        "held_by_ridge": np.empty((k, d), np.uint8),
    }
    report = _abi.FitReport(ctypes.sizeof(_abi.FitReport))
    for name, array in kept.items():
        setattr(report, name, _arrays.address(array))
    report.lower_bounds_capacity = len(kept["lower_bounds"])
    kept["repairs"] = (_abi.Repair * _MAX_REPAIRS)()
    report.repairs, report.repairs_capacity = kept["repairs"], _MAX_REPAIRS
    return report, kept


def _reported(mixture: Mixture, report: _abi.FitReport, kept: dict[str, Any]) -> Fit:
    def name(names: tuple[str, ...], code: int) -> str:
        return names[code] if 0 <= code < len(names) else f"code {code}"

    repairs = tuple(
        Repair(name(_abi.REPAIRS, r.kind), r.iteration, r.component, getattr(r, "from"), r.ridge)
        for r in kept["repairs"][: min(report.n_repairs, _MAX_REPAIRS)]
    )
    diagnosis = Diagnosis(
        stop=name(_abi.STOPS, report.stop),
        effective_counts=kept["effective_counts"],
        conditions=kept["conditions"],
        ridges=kept["ridges"],
        held_by_ridge=kept["held_by_ridge"].astype(bool),
        repairs=repairs,
        n_repairs=report.n_repairs,
        restart=report.restart,
        n_swaps=report.n_swaps,
    )
    bounds = kept["lower_bounds"][: report.n_iter].tolist()
    return Fit(
        mixture, bool(report.converged), report.n_iter, report.lower_bound, bounds, diagnosis
    )
