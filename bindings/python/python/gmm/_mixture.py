"""A mixture with given parameters: immutable, with every score of the library."""

from __future__ import annotations

import ctypes
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gmm import _abi, _arrays, _integers, _model_file, _threads
from gmm._errors import check
from gmm._handle import Handle, new_handle
from gmm._interrupt import LONG, in_pieces

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from gmm._arrays import Float64, Real

_lib = _abi.lib


@dataclass(frozen=True)
class Criteria:
    """Information criteria of a mixture and samples; smaller is better."""

    n_parameters: int
    log_likelihood: float
    aic: float
    bic: float
    icl: float


class Mixture:
    """A Gaussian mixture with known parameters.

    Every score reads the samples once, and allocates nothing of size n x k except requested
    results. Any number of threads may use a mixture at the same time.

    Parameters
    ----------
    weights : array-like of shape (k,)
        The weights sum to 1.
    means : array-like of shape (k, d)
    covariances : array-like
        Of shape (k, d, d) if ``covariance_type`` is 'full', (d, d) if 'tied', (k, d) if 'diag',
        (k,) if 'spherical'.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}, default='full'

    Examples
    --------
    >>> import gmm, numpy as np
    >>> mixture = gmm.Mixture([0.25, 0.75], [[0.0, 0.0], [4.0, 4.0]], [1.0, 2.0],
    ...                       covariance_type="spherical")
    >>> mixture
    <gmm.Mixture of 2 spherical components in 2 features>
    >>> mixture.energies(np.array([[0.0, 0.0], [9.0, 0.0]])).round(3)
    array([ 3.224, 13.069])
    >>> mixture.predict(np.array([[0.0, 0.0], [9.0, 0.0]]))
    array([0, 1], dtype=uint32)
    """

    __slots__ = ("__weakref__", "_covariance", "_d", "_handle", "_k", "_row_time")

    _handle: Handle

    def __init__(
        self, weights: Any, means: Any, covariances: Any, *, covariance_type: str = "full"
    ) -> None:
        self._own(_create("with_type", covariance_type, weights, means, covariances=covariances))

    @classmethod
    def from_precisions(
        cls, weights: Any, means: Any, precisions: Any, *, covariance_type: str = "full"
    ) -> Mixture:
        """A mixture from the inverses of its covariances, in the shape of the covariance type.

        Examples
        --------
        >>> import gmm
        >>> gmm.Mixture.from_precisions([1.0], [[0.0]], [[[4.0]]]).covariances
        array([[[0.25]]])
        """
        arrays = weights, means
        function = "from_precisions_with_type"
        return cls._of(_create(function, covariance_type, *arrays, precisions=precisions))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Mixture:
        """Reads a mixture from a model file. It scores as the saved one did, to the last bit."""
        return cls._of(_model_file.load(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the mixture to a model file, whole or not at all."""
        _model_file.save(self._handle, path)

    @classmethod
    def _of(cls, handle: Handle) -> Mixture:
        mixture = cls.__new__(cls)
        mixture._own(handle)
        return mixture

    def _own(self, handle: Handle) -> None:
        self._handle = handle
        self._k: int = _lib.gmm_mixture_n_components(handle.address)
        self._d: int = _lib.gmm_mixture_n_features(handle.address)
        self._covariance: int = _lib.gmm_mixture_covariance_type(handle.address)
        # Rough time to score a row on one thread, in nanoseconds.
        self._row_time = self._k * (20.0 + float(self._d) ** 2)

    def __reduce__(self) -> tuple[Callable[[bytes], Mixture], tuple[bytes]]:
        return _from_bytes, (_model_file.write(self._handle),)

    # For skops, which makes no calls on loading: the same bytes as an array.
    def __getstate__(self) -> dict[str, NDArray[np.uint8]]:
        return {"model": np.frombuffer(_model_file.write(self._handle), dtype=np.uint8)}

    def __setstate__(self, state: dict[str, NDArray[np.uint8]]) -> None:
        self._own(_model_file.read(state["model"].tobytes()))

    def __repr__(self) -> str:
        kind = f"{self.n_components} {self.covariance_type}"
        return f"<gmm.Mixture of {kind} components in {self.n_features} features>"

    @property
    def n_components(self) -> int:
        """k."""
        return self._k

    @property
    def n_features(self) -> int:
        """d."""
        return self._d

    @property
    def n_parameters(self) -> int:
        """Free parameters, as AIC and BIC count them."""
        count: int = _lib.gmm_mixture_n_parameters(self._handle.address)
        return count

    @property
    def covariance_type(self) -> str:
        """'full', 'tied', 'diag' or 'spherical'."""
        return _abi.COVARIANCES[self._covariance]

    @property
    def weights(self) -> Float64:
        """Mixing weights, of shape (k,)."""
        return self._read("weights", self._k)

    @property
    def means(self) -> Float64:
        """Means, of shape (k, d)."""
        return self._read("means", self._k, self._d)

    @property
    def covariances(self) -> Float64:
        """Covariances in the shape of their structure."""
        return self._read("covariances", *_shape(self.covariance_type, self._k, self._d))

    @property
    def cholesky(self) -> Float64:
        """Lower Cholesky factors of the covariances, of shape (k, d, d) whatever the structure."""
        return self._read("cholesky", self._k, self._d, self._d)

    @property
    def precisions_cholesky(self) -> Float64:
        """Upper factors of the precisions, of shape (k, d, d) whatever the structure."""
        return self._read("precisions_cholesky", self._k, self._d, self._d)

    @property
    def log_dets(self) -> Float64:
        """Log-determinants of the covariances, of shape (k,)."""
        return self._read("log_dets", self._k)

    def energies(self, samples: Any, *, n_threads: int | None = None) -> Real:
        """Negative log-likelihood of each sample, in nats, of shape (n,)."""
        z = _arrays.as_real(samples, 2, "samples")
        out = np.empty(len(z), z.dtype)
        call = _lib.gmm_mixture_energies_f64 if z.itemsize == 8 else _lib.gmm_mixture_energies_f32
        pool = _threads.pool(n_threads)
        if len(z) * self._row_time < LONG:
            check(call(self._handle.address, _arrays.matrix(z), pool, _arrays.address(out)))
        else:
            self._in_pieces(call, z, out, pool)
        return out

    def log_densities(self, samples: Any, *, n_threads: int | None = None) -> Real:
        """Log-density of each sample, in nats, of shape (n,)."""
        return self.score(samples, "log_densities", n_threads=n_threads)["log_densities"]

    def responsibilities(self, samples: Any, *, n_threads: int | None = None) -> Real:
        """Responsibilities of the components for each sample, of shape (n, k); rows sum to 1."""
        return self.score(samples, "responsibilities", n_threads=n_threads)["responsibilities"]

    def predict(self, samples: Any, *, n_threads: int | None = None) -> NDArray[np.uint32]:
        """The most likely component of each sample, of shape (n,)."""
        labels: NDArray[np.uint32] = self.score(samples, "labels", n_threads=n_threads)["labels"]
        return labels

    def squared_mahalanobis(self, samples: Any, *, n_threads: int | None = None) -> Real:
        """Squared Mahalanobis distance of each sample to each component, of shape (n, k)."""
        return self.score(samples, "squared_mahalanobis", n_threads=n_threads)[
            "squared_mahalanobis"
        ]

    def mean_energy(self, samples: Any, *, n_threads: int | None = None) -> float:
        """The mean energy, in nats."""
        return float(self.score(samples, "mean_energy", n_threads=n_threads)["mean_energy"][0])

    def score(
        self, samples: Any, *wanted: str, n_threads: int | None = None
    ) -> dict[str, NDArray[Any]]:
        """Several scores from one pass over the samples.

        Parameters
        ----------
        samples : array-like of shape (n, d)
        *wanted : {'energies', 'log_densities', 'responsibilities', 'log_responsibilities', \
                'squared_mahalanobis', 'labels', 'mean_energy'}
        n_threads : int, optional

        Returns
        -------
        dict
            An array for each name: of shape (n,) or (n, k), and (1,) for ``mean_energy``.

        Examples
        --------
        >>> import gmm, numpy as np
        >>> mixture = gmm.Mixture([1.0], [[0.0]], [[[1.0]]])
        >>> scores = mixture.score(np.array([[0.0], [2.0]]), "labels", "squared_mahalanobis")
        >>> scores["squared_mahalanobis"].ravel()
        array([0., 4.])
        """
        z = _arrays.as_real(samples, 2, "samples")
        scores = _abi.Scores(ctypes.sizeof(_abi.Scores))
        given: dict[str, NDArray[Any]] = {}
        for name in wanted:
            shape, dtype = self._kind(name, z)
            given[name] = np.empty(shape, dtype)
            setattr(scores, name, _arrays.address(given[name]))
        call = _lib.gmm_mixture_score_f64 if z.itemsize == 8 else _lib.gmm_mixture_score_f32
        pool, address = _threads.pool(n_threads), self._handle.address

        def piece(rows: slice) -> int:
            for name, array in given.items():
                setattr(scores, name, _arrays.address(array[rows]))
            status: int = call(address, _arrays.matrix(z[rows]), pool, ctypes.byref(scores))
            return status

        # The mean is over all rows, so its call cannot be split.
        if len(z) * self._row_time < LONG or "mean_energy" in given:
            check(call(address, _arrays.matrix(z), pool, ctypes.byref(scores)))
        else:
            in_pieces(piece, len(z), self._row_time)
        return given

    def _in_pieces(self, call: Callable[..., int], z: Real, out: Real, pool: int) -> None:
        address = self._handle.address

        def piece(rows: slice) -> int:
            return call(address, _arrays.matrix(z[rows]), pool, _arrays.address(out[rows]))

        in_pieces(piece, len(z), self._row_time)

    def _kind(self, name: str, z: Real) -> tuple[tuple[int, ...], DTypeLike]:
        n = len(z)
        match name:
            case "energies" | "log_densities":
                return (n,), z.dtype
            case "responsibilities" | "log_responsibilities" | "squared_mahalanobis":
                return (n, self._k), z.dtype
            case "labels":
                return (n,), np.uint32
            case "mean_energy":
                return (1,), np.float64
        raise ValueError(f"{name!r} is not a score")

    def attribution(self, samples: Any, *, n_threads: int | None = None) -> Real:
        """What each feature contributes to the energy of each sample, of shape (n, d).

        A contribution may be negative: if features are correlated, one can make the others less
        surprising.
        """
        z = _arrays.as_real(samples, 2, "samples")
        shares = np.empty(z.shape, z.dtype)
        call = getattr(_lib, f"gmm_mixture_attribution_{_arrays.suffix(z)}")
        self._in_pieces(call, z, shares, _threads.pool(n_threads))
        return shares

    def criteria(
        self, samples: Any, sample_weight: Any = None, *, n_threads: int | None = None
    ) -> Criteria:
        """AIC, BIC and ICL of the mixture, from one pass over the samples."""
        z = _arrays.as_real(samples, 2, "samples")
        counts = None
        if sample_weight is not None:
            counts = _arrays.as_doubles(sample_weight, (len(z),), "sample weights")
        out = _abi.Criteria(ctypes.sizeof(_abi.Criteria))
        call = getattr(_lib, f"gmm_mixture_criteria_{_arrays.suffix(z)}")
        where = None if counts is None else _arrays.address(counts)
        pool = _threads.pool(n_threads)
        check(call(self._handle.address, _arrays.matrix(z), where, pool, ctypes.byref(out)))
        return Criteria(out.n_parameters, out.log_likelihood, out.aic, out.bic, out.icl)

    def sample(
        self,
        n_samples: int,
        *,
        seed: int | None = 0,
        first: int = 0,
        dtype: DTypeLike = np.float64,
    ) -> tuple[Real, NDArray[np.uint32]]:
        """Draws rows ``first`` to ``first + n_samples`` of the sequence that ``seed`` defines.

        The same mixture and seed give the same bits on every platform.

        Parameters
        ----------
        n_samples : int
        seed : int or None, default=0
            From 0 to 2^64 - 1; None takes a seed from the operating system.
        first : int, default=0
        dtype : float64 or float32

        Returns
        -------
        samples : ndarray of shape (n_samples, d)
        labels : ndarray of shape (n_samples,)
            The component of each sample.
        """
        n_samples = _integers.whole(n_samples, "n_samples")
        first = _integers.whole(first, "first", most=_integers.MAX_SEED - n_samples)
        drawn = secrets.randbits(64) if seed is None else _integers.seed(seed)
        samples: Real = np.empty((n_samples, self._d), dtype)
        labels = np.empty(n_samples, np.uint32)
        if samples.dtype not in (np.float64, np.float32):
            raise TypeError(
                f"samples of type {samples.dtype} cannot be drawn; pass float32 or float64"
            )
        call = getattr(_lib, f"gmm_mixture_sample_{_arrays.suffix(samples)}")
        address = self._handle.address

        def piece(rows: slice) -> int:
            where = _arrays.address(samples[rows]), _arrays.address(labels[rows])
            status: int = call(address, drawn, first + rows.start, len(labels[rows]), *where)
            return status

        in_pieces(piece, n_samples, self._d * (20.0 + self._d))
        return samples, labels

    def _read(self, name: str, *shape: int) -> Float64:
        out = np.empty(shape)
        call = getattr(_lib, f"gmm_mixture_{name}")
        check(call(self._handle.address, _arrays.address(out), out.size))
        return out


def load(path: str | os.PathLike[str]) -> Mixture:
    """Reads a mixture from a model file; see :meth:`Mixture.load`."""
    return Mixture.load(path)


def _from_bytes(data: bytes) -> Mixture:
    return Mixture._of(_model_file.read(data))


def _shape(covariance_type: str, k: int, d: int) -> tuple[int, ...]:
    shapes = {"full": (k, d, d), "tied": (d, d), "diag": (k, d), "spherical": (k,)}
    if covariance_type not in shapes:
        raise ValueError(f"covariance_type is {covariance_type!r}; pass one of {sorted(shapes)}")
    return shapes[covariance_type]


def _create(
    function: str, covariance_type: str, weights: Any, means: Any, **matrices: Any
) -> Handle:
    """``gmm_mixture_create_{function}`` of arrays of these names, which have one shape."""
    mu = np.ascontiguousarray(_arrays.as_numbers(means, "means"), dtype=np.float64)
    if mu.ndim != 2:
        raise ValueError(f"means have {mu.ndim} dimensions; pass an array of shape (k, d)")
    shape = _shape(covariance_type, *mu.shape)
    arrays = [_arrays.as_doubles(weights, (len(mu),), "weights"), mu]
    arrays += [_arrays.as_doubles(values, shape, name) for name, values in matrices.items()]
    where = [_arrays.address(array) for array in arrays]
    call = getattr(_lib, f"gmm_mixture_create_{function}")
    code = _abi.COVARIANCES.index(covariance_type)
    return new_handle(lambda out: int(call(code, *mu.shape, *where, out)), "mixture")


def from_factors(
    covariance_type: str, weights: Float64, means: Float64, covariances: Float64, cholesky: Float64
) -> Mixture:
    """A mixture from covariances and their factors, in the shape of the covariance type."""
    phi, mu, values, factors = (
        np.ascontiguousarray(array) for array in (weights, means, covariances, cholesky)
    )
    where = [_arrays.address(array) for array in (phi, mu, values)]
    code = _abi.COVARIANCES.index(covariance_type)
    arguments = (code, *mu.shape, *where, None, _arrays.address(factors))
    create = _lib.gmm_mixture_create_from_factors
    return Mixture._of(new_handle(lambda out: int(create(*arguments, out)), "mixture"))
