"""Running averages of the moments of training batches."""

from __future__ import annotations

import ctypes

from gmm import _abi
from gmm._handle import Handle, new_handle
from gmm._mixture import Mixture

_lib = _abi.lib


def options_of(
    eps: float,
    ridge_limit: float | None,
    drop_empty: bool,
    *,
    w_energy: float = 1.0,
    w_cov_diag: float = 0.005,
    running: RunningMoments | None = None,
) -> _abi.TrainingOptions:
    """Checks the options and returns the struct that the library reads."""
    if ridge_limit is not None and not ridge_limit > 0:
        # The C ABI uses 0 for no limit.
        raise ValueError(f"ridge_limit is {ridge_limit}; it must be greater than 0, or None")
    return _abi.TrainingOptions(
        ctypes.sizeof(_abi.TrainingOptions),
        eps,
        w_energy,
        w_cov_diag,
        ridge_limit or 0.0,
        int(drop_empty),
        None if running is None else running._handle.address,
    )


class RunningMoments:
    """Running averages of the moments of mini-batches, for losses of batches that are too small.

    ``s <- decay s + (1 - decay) s(batch)``, in moments per sample; the first batch is taken as it
    is. A loss with ``running=`` first adds its batch, then computes energies under the mixture of
    the averages. One thread at a time may use them. They cannot be pickled: after
    ``5 / (1 - decay)`` batches they no longer depend on the first ones.

    Parameters
    ----------
    decay : float
        Weight of the past at every batch, from 0 to less than 1.

    Examples
    --------
    >>> import gmm
    >>> running = gmm.RunningMoments(0.5)
    >>> for batch in ([[0.0], [2.0]], [[4.0], [6.0]]):
    ...     loss = gmm.loss(batch, [[1.0], [1.0]], running=running)
    >>> running.n_batches, running.mixture().means
    (2, array([[3.]]))
    """

    __slots__ = ("__weakref__", "_handle")

    _handle: Handle

    def __init__(self, decay: float) -> None:
        self._handle = new_handle(lambda out: _lib.gmm_running_create(decay, out), "running")

    @property
    def n_batches(self) -> int:
        """Number of batches added so far."""
        count: int = _lib.gmm_running_n_batches(self._handle.address)
        return count

    def mixture(
        self, eps: float = 1e-6, *, ridge_limit: float | None = None, drop_empty: bool = False
    ) -> Mixture:
        """The mixture of the averages, to score with after training.

        Parameters
        ----------
        eps : float, default=1e-6
            Added to variances in scores; ``covariances`` are without it.
        ridge_limit, drop_empty
            As in :func:`gmm.loss`.

        Returns
        -------
        Mixture
        """
        options = options_of(eps, ridge_limit, drop_empty)
        address = self._handle.address
        make = lambda out: _lib.gmm_running_mixture(address, options, out)  # noqa: E731
        return Mixture._of(new_handle(make, "mixture"))

    def __reduce__(self) -> str:
        raise TypeError("RunningMoments cannot be pickled; start with new ones")
