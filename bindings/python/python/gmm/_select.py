"""Model selection: fits for several numbers of components and covariance types, compared."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from gmm import _abi, _arrays, _native_fit, _threads
from gmm._errors import Error, check
from gmm._estimator import GaussianMixture
from gmm._handle import Handle, new_handle
from gmm._integers import whole
from gmm._interrupt import SHORT, interruptible, new_token
from gmm._mixture import Mixture
from gmm._validation import counts_of

if TYPE_CHECKING:
    from gmm._arrays import Real

_lib = _abi.lib
#: Parameters for the start or the callback of a single fit.
_OF_ONE = ("weights_init", "means_init", "precisions_init", "warm_start", "starts", "callback")


class Candidate(NamedTuple):
    """One number of components with one covariance type; a smaller criterion is better.

    If the candidate could not be fitted, numbers are NaN or 0, and ``error`` is the reason.
    """

    n_components: int
    covariance_type: str
    bic: float
    aic: float
    icl: float
    log_likelihood: float
    n_parameters: int
    converged: bool
    n_iter: int
    error: str | None


@dataclass(frozen=True)
class Selection:
    """Result of :func:`gmm.select`."""

    #: The fit with the smallest criterion; the first one if several are equal.
    best: GaussianMixture
    #: All candidates: every covariance type of the first number of components, then of the next.
    candidates: tuple[Candidate, ...]
    #: The criterion that chose the best.
    criterion: str

    def __str__(self) -> str:
        head = f"{'n_components':>12} {'covariance_type':>15} {self.criterion:>14}"
        lines = [head]
        for one in self.candidates:
            value = f"{getattr(one, self.criterion):.2f}" if one.error is None else "refused"
            lines.append(f"{one.n_components:>12} {one.covariance_type:>15} {value:>14}")
        return "\n".join(lines)


def select(
    X: Any,
    n_components: int | Iterable[int] = range(1, 7),
    covariance_type: str | Iterable[str] = "full",
    criterion: str = "bic",
    *,
    sample_weight: Any = None,
    random_state: Any = None,
    n_init: int = 1,
    n_threads: int | None = None,
    **parameters: Any,
) -> Selection:
    """Fits every number of components with every covariance type, and chooses by a criterion.

    Candidates are fitted in parallel. Any exception ends all of them, Ctrl-C and timeouts too. With
    an integer ``random_state``, each fit equals that of ``GaussianMixture`` with the same
    parameters.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    n_components : int or iterable of int, default=range(1, 7)
    covariance_type : str or iterable of str, default='full'
        Of 'full', 'tied', 'diag' and 'spherical'.
    criterion : {'bic', 'aic', 'icl'}, default='bic'
    sample_weight : array-like of shape (n_samples,), optional
        Weight of each sample, in the fits and in the criteria.
    random_state : int, RandomState instance or None, default=None
    n_init : int, default=1
    n_threads : int, optional
        Results do not depend on it.
    **parameters
        Other parameters of :class:`gmm.GaussianMixture`: ``tol``, ``reg_covar``,
        ``reg_covar_relative``, ``max_iter``, ``init_params``, ``convergence``, ``prior``,
        ``max_failed_swaps``,
        ``contamination``, and ``time_budget``, which is the time for all candidates: those that
        have not started by then are left out.

    Returns
    -------
    Selection
        ``best``, a fitted :class:`gmm.GaussianMixture`; ``candidates``, a table of
        ``n_components``, ``covariance_type``, ``bic``, ``aic``, ``icl``, ``log_likelihood``,
        ``n_parameters``, ``converged``, ``n_iter`` and ``error``.

    Examples
    --------
    >>> import gmm, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(c, 1.0, (200, 2)) for c in (0.0, 6.0, 12.0)])
    >>> found = gmm.select(X, range(1, 6), ("full", "diag"), random_state=0)
    >>> found.best.n_components, found.best.covariance_type
    (3, 'diag')
    >>> [one.n_components for one in found.candidates if one.covariance_type == "diag"]
    [1, 2, 3, 4, 5]
    >>> found.best.predict([[0.0, 0.0], [6.0, 6.0]]).tolist() == found.best.predict(
    ...     [[0.5, 0.0], [6.0, 5.5]]
    ... ).tolist()
    True
    """
    ks = [whole(k, "n_components", least=1) for k in _listed(n_components, "n_components")]
    kinds = [str(kind) for kind in _listed(covariance_type, "covariance_type")]
    if criterion not in _abi.CRITERIA:
        raise ValueError(f"criterion is {criterion!r}; pass one of {list(_abi.CRITERIA)}")
    for name, value in parameters.items():
        if name in _OF_ONE and value is not None and value is not False and not _is_native(value):
            raise ValueError(
                f"{name} is for a single fit, and select makes several; call fit for each"
            )
    given = {**parameters, "random_state": random_state, "n_init": n_init, "n_threads": n_threads}
    for kind in kinds:
        GaussianMixture(ks[0], covariance_type=kind, **given)._validate_params()
    model = GaussianMixture(ks[0], covariance_type=kinds[0], **given)
    samples = model._validated(X, reset=True, ensure_min_samples=2)
    counts = counts_of(sample_weight, samples)
    options = model._options(counts)
    model._set_start(options, True, check_random_state(random_state))
    swept = model._explained(samples, lambda: _swept(samples, ks, kinds, criterion, options))
    table, best = _table(swept), _lib.gmm_sweep_best(swept.address)
    chosen = table[best]
    model.set_params(n_components=chosen.n_components, covariance_type=chosen.covariance_type)
    model._set_fit(_fit_of(swept, best, chosen, options, samples.shape[1]), samples.dtype, False)
    model._learner = None
    model._warn(samples, counts, stacklevel=3)
    model._set_threshold(samples, counts)
    return Selection(model, table, criterion)


def _is_native(value: Any) -> bool:
    return isinstance(value, str) and value == "native"


def _listed(values: Any, name: str) -> list[Any]:
    """One value or several as a list; refuses an empty one."""
    single = isinstance(values, str) or not isinstance(values, Iterable)
    listed = [values] if single else list(values)
    if not listed:
        raise ValueError(f"{name} is empty; pass at least one value")
    return listed


def _swept(
    samples: Real, ks: list[int], kinds: list[str], criterion: str, how: _native_fit.FitOptions
) -> Handle:
    """The library's sweep, which holds the candidates and their mixtures."""
    n, d = samples.shape
    call = _native_fit._call(how, n, d)
    numbers = np.array(ks, dtype=np.uintp)
    codes = np.array([_abi.COVARIANCES.index(kind) for kind in kinds], dtype=np.int32)
    options = _abi.SweepOptions()
    check(_lib.gmm_sweep_options_init(options, ctypes.sizeof(options)))
    options.n_components, options.n_components_len = _arrays.address(numbers), len(numbers)
    options.covariance_types, options.covariance_types_len = _arrays.address(codes), len(codes)
    options.criterion = _abi.CRITERIA.index(criterion)
    options.fit = ctypes.pointer(call.options)
    function = getattr(_lib, f"gmm_sweep_{_arrays.suffix(samples)}")
    view, pool = _arrays.matrix(samples), _threads.pool(how.n_threads)

    def run(_: Any = (samples, call, numbers, codes)) -> Handle:
        # The default argument keeps what the structs point to alive as long as this function.
        return new_handle(lambda out: int(function(view, options, pool, out)), "sweep")

    each = (_native_fit.duration(replace(how, n_components=k), n, d) for k in ks)
    if len(kinds) * sum(each) < SHORT:
        return run()
    token, cancel = new_token()
    call.options.cancel = token.address
    call.kept.append(token)
    return interruptible(run, cancel)


def _table(swept: Handle) -> tuple[Candidate, ...]:
    return tuple(_candidate(swept, at) for at in range(_lib.gmm_sweep_n_candidates(swept.address)))


def _candidate(swept: Handle, at: int) -> Candidate:
    one = _abi.Candidate(ctypes.sizeof(_abi.Candidate))
    check(_lib.gmm_sweep_candidate(swept.address, at, ctypes.byref(one)))
    error = None
    if one.status != _abi.OK:
        try:
            _mixture_of(swept, at)
        except Error as refusal:
            error = str(refusal)
    return Candidate(
        n_components=one.n_components,
        covariance_type=_abi.COVARIANCES[one.covariance_type],
        bic=one.bic,
        aic=one.aic,
        icl=one.icl,
        log_likelihood=one.log_likelihood,
        n_parameters=one.n_parameters,
        converged=error is None and one.stop == _abi.STOPS.index("converged"),
        n_iter=one.n_iter,
        error=error,
    )


def _mixture_of(swept: Handle, at: int) -> Mixture:
    copied = _lib.gmm_sweep_mixture
    return Mixture._of(new_handle(lambda out: int(copied(swept.address, at, out)), "mixture"))


def _fit_of(
    swept: Handle, at: int, chosen: Candidate, how: _native_fit.FitOptions, d: int
) -> _native_fit.Fit:
    """The fit of a candidate, with its report."""
    report, kept = _native_fit._report(replace(how, n_components=chosen.n_components), d)
    check(_lib.gmm_sweep_report(swept.address, at, ctypes.byref(report)))
    return _native_fit._reported(_mixture_of(swept, at), report, kept)
