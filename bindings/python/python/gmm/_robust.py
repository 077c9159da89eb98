"""Robust fits: mixtures that cannot adapt to outliers in their samples, and mean energies."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gmm import _abi, _arrays, _threads
from gmm._errors import check
from gmm._handle import Handle, new_handle
from gmm._integers import seed, whole
from gmm._interrupt import SHORT, interruptible, new_token
from gmm._mixture import Mixture
from gmm._native_fit import iteration_time

if TYPE_CHECKING:
    from gmm._arrays import Float64

_lib = _abi.lib
#: Rough number of fits for each number of components, starts included.
_RUNS = 10.0


@dataclass
class DetectorOptions:
    """Options of a robust fit; the fields of ``gmm_detector_options``."""

    contamination: float
    n_components: Sequence[int]
    tol: float
    max_iter: int
    reg_covar: float
    seed: int
    sample_weight: Float64 | None = None
    n_threads: int | None = None
    _kept: list[Any] = field(default_factory=list)

    def struct(self) -> _abi.DetectorOptions:
        """The struct of the C ABI. The arrays that it points to live as long as these options."""
        options = _abi.DetectorOptions()
        check(_lib.gmm_detector_options_init(options, ctypes.sizeof(options)))
        ks = np.array([whole(k, "n_components", least=1) for k in self.n_components], np.uintp)
        self._kept = [ks, self.sample_weight]
        options.contamination, options.seed = self.contamination, seed(self.seed)
        options.n_components, options.n_components_len = _arrays.address(ks), len(ks)
        options.tol, options.max_iter = self.tol, whole(self.max_iter, "max_iter", least=1)
        options.reg_covar = self.reg_covar
        if self.sample_weight is not None:
            options.sample_weights = _arrays.address(self.sample_weight)
        return options


def fit(samples: Float64, how: DetectorOptions) -> tuple[tuple[Mixture, ...], float]:
    """The mixture for each number of components, and the energy above which a sample is an outlier.

    The library's detector is not kept: its energies equal the means over its mixtures to the last
    bit, and mixtures can be pickled.
    """
    options, pool = how.struct(), _threads.pool(how.n_threads)
    view, fitted = _arrays.matrix(samples), _lib.gmm_detector_fit_f64

    def run(_: Any = (samples, how)) -> Handle:
        # The default argument keeps what the structs point to alive as long as this function.
        return new_handle(lambda out: int(fitted(view, options, pool, out)), "detector")

    n, d = samples.shape
    each = sum(iteration_time(n, k, d) for k in how.n_components)
    if _RUNS * how.max_iter * each < SHORT:
        detector = run()
    else:
        token, cancel = new_token()
        options.cancel = token.address
        how._kept.append(token)
        detector = interruptible(run, cancel)

    def mixture(at: int) -> Mixture:
        copied = _lib.gmm_detector_mixture
        return Mixture._of(
            new_handle(lambda out: int(copied(detector.address, at, out)), "mixture")
        )

    mixtures = tuple(map(mixture, range(_lib.gmm_detector_n_mixtures(detector.address))))
    return mixtures, float(_lib.gmm_detector_threshold(detector.address))


def mean_energies(mixtures: Sequence[Mixture], samples: Float64, n_threads: int | None) -> Float64:
    """The mean of the energies under all mixtures, summed in order, of shape (n,)."""
    sums = np.zeros(len(samples))
    for mixture in mixtures:
        sums += mixture.energies(samples, n_threads=n_threads)
    sums /= len(mixtures)
    return sums


def mean_attribution(
    mixtures: Sequence[Mixture], samples: Float64, n_threads: int | None
) -> Float64:
    """The contribution of each feature to the mean energies, of shape (n, d)."""
    sums = np.zeros(samples.shape)
    for mixture in mixtures:
        sums += mixture.attribution(samples, n_threads=n_threads)
    sums /= len(mixtures)
    return sums
