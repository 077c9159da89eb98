"""The mixture layers of deep models as differentiable functions of PyTorch tensors.

:func:`gmm_params` and :func:`gmm_energy` have alibi-detect's names, signatures and argument order.
:func:`gmm_loss` computes both and their gradients in one pass: train with it. CPU tensors are read
in place, whatever their strides. Tensors of other devices are copied to the CPU, and results are
copied back. Only first derivatives exist: second ones are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gmm import _estimates, _loss, _vjp
from gmm._frameworks import PARAMETERS, Loss, LossOptions, SecondDerivative, check_types
from gmm._optional import require
from gmm._running import RunningMoments

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = require("torch", "gmm.torch")

__all__ = ["Loss", "gmm_energy", "gmm_loss", "gmm_params"]


def gmm_params(
    z: Tensor, gamma: Tensor, eps: float = 1e-6
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Mixture parameters from samples and their responsibilities.

    The same values as :func:`gmm.params`, with gradients with respect to ``z`` and ``gamma``.

    Parameters
    ----------
    z : Tensor of shape (n, d)
        Samples, float32 or float64. Results have the same type.
    gamma : Tensor of shape (n, k)
        Responsibilities, of the type of the samples.
    eps : float, default=1e-6
        Added to the diagonals of ``cov`` in ``L`` and ``log_det_cov``.

    Returns
    -------
    phi, mu, cov, L, log_det_cov : Tensor
        Of shapes (k,), (k, d), (k, d, d), (k, d, d) and (k,).

    Examples
    --------
    >>> import torch
    >>> from gmm.torch import gmm_params
    >>> z = torch.tensor([[0.0], [2.0], [7.0]], requires_grad=True)
    >>> phi, mu, cov, L, log_det_cov = gmm_params(z, torch.ones(3, 1))
    >>> mu.sum().backward()
    >>> z.grad.ravel()
    tensor([0.3333, 0.3333, 0.3333])
    """
    _check({"z": z, "gamma": gamma})
    phi, mu, cov, chol, log_det = _Params.apply(z, gamma, eps)
    return phi, mu, cov, chol, log_det


def gmm_energy(
    z: Tensor,
    phi: Tensor,
    mu: Tensor,
    cov: Tensor,
    L: Tensor,
    log_det_cov: Tensor,
    return_mean: bool = True,
) -> tuple[Tensor, Tensor]:
    """Energies under a mixture from :func:`gmm_params`, and the sum of inverse variances.

    The same values as :func:`gmm.energy`, with gradients with respect to every tensor:
    energies depend on ``L`` and ``log_det_cov``, and ``cov_diag`` on ``cov``.

    Parameters
    ----------
    z : Tensor of shape (n, d)
    phi, mu, cov, L, log_det_cov : Tensor
        Of shapes (k,), (k, d), (k, d, d), (k, d, d) and (k,), and of the type of ``z``.
    return_mean : bool, default=True
        Whether to return the mean energy instead of the energies.

    Returns
    -------
    sample_energy : Tensor of shape () or (n,)
    cov_diag : Tensor of shape ()

    Examples
    --------
    >>> import torch
    >>> from gmm.torch import gmm_energy, gmm_params
    >>> z = torch.tensor([[0.0], [2.0], [7.0]], requires_grad=True)
    >>> energies, cov_diag = gmm_energy(z, *gmm_params(z, torch.ones(3, 1)), return_mean=False)
    >>> energies.sum().backward()
    >>> bool(z.grad.sum().abs() < 1e-6)  # Energies do not change when all samples move.
    True
    """
    given = dict(zip(PARAMETERS, (phi, mu, cov, L, log_det_cov), strict=True))
    _check({"z": z, **given})
    energy, cov_diag = _Energy.apply(z, phi, mu, cov, L, log_det_cov, return_mean)
    return energy, cov_diag


def gmm_loss(
    z: Tensor,
    gamma: Tensor,
    eps: float = 1e-6,
    *,
    w_energy: float = 1.0,
    w_cov_diag: float = 0.005,
    ridge_limit: float | None = None,
    drop_empty: bool = False,
    running: RunningMoments | None = None,
) -> Loss:
    """Mean energy and sum of inverse variances of a mixture under its own samples, as a loss.

    ``loss = w_energy * mean_energy + w_cov_diag * cov_diag``, as :func:`gmm_energy` after
    :func:`gmm_params`, with O(k d^2) memory besides inputs and outputs. Gradients are computed in
    the same pass, if a tensor requires them, and ``backward`` scales them.

    Parameters
    ----------
    z : Tensor of shape (n, d)
        Samples, float32 or float64. Results have the same type.
    gamma : Tensor of shape (n, k)
        Responsibilities, of the type of the samples.
    eps : float, default=1e-6
    w_energy, w_cov_diag : float, default=1 and 0.005
    ridge_limit : float, optional
        Largest ridge. While a covariance is not positive definite, its ``eps`` is multiplied by
        ten, up to this limit; gradients treat the ridge as a constant. By default such a batch is
        refused.
    drop_empty : bool, default=False
        Whether a component without responsibility gets weight 0 and no gradient. By default the
        batch is refused.
    running : gmm.RunningMoments, optional
        Averages over batches. This batch is added to them, and the loss is that of the mixture
        they give; gradients flow through the share of this batch. Every call adds its batch.

    Returns
    -------
    Loss
        ``loss``, ``mean_energy``, ``cov_diag``, each of shape (). The last two have no gradients:
        they are for monitoring, and are part of ``loss`` with their weights.

    Examples
    --------
    >>> import torch
    >>> from gmm.torch import gmm_loss
    >>> z = torch.tensor([[0.0], [2.0], [7.0]], requires_grad=True)
    >>> logits = torch.zeros(3, 2, requires_grad=True)
    >>> gmm_loss(z, logits.softmax(dim=1)).loss.backward()
    >>> z.grad.shape, logits.grad.shape
    (torch.Size([3, 1]), torch.Size([3, 2]))
    """
    _check({"z": z, "gamma": gamma})
    options = LossOptions(eps, w_energy, w_cov_diag, ridge_limit, drop_empty, running)
    has_gradients = torch.is_grad_enabled() and (z.requires_grad or gamma.requires_grad)
    return Loss(*_Loss.apply(z, gamma, options, has_gradients)[:3])


class _Params(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(z: Tensor, gamma: Tensor, eps: float) -> tuple[Tensor, ...]:
        return tuple(_tensor(out, z) for out in _estimates.params(_array(z), _array(gamma), eps))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.set_materialize_grads(False)
        z, gamma, ctx.eps = inputs
        ctx.save_for_backward(z, gamma)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor | None) -> Any:
        eps, needed = ctx.eps, ctx.needs_input_grad[:2]

        def gradients(z: Tensor, gamma: Tensor, *of: Tensor | None) -> tuple[Tensor | None, ...]:
            d_phi, d_mu, d_cov, d_chol, d_log_det = map(_optional_array, of)
            found = _vjp.params_vjp(
                _array(z), _array(gamma), eps, d_phi, d_mu, d_cov, d_chol, d_log_det, needed
            )
            return _tensors(found, (z, gamma))

        return (*_once(gradients, *ctx.saved_tensors, *cotangents), None)


class _Energy(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(
        z: Tensor,
        phi: Tensor,
        mu: Tensor,
        cov: Tensor,
        chol: Tensor,
        log_det: Tensor,
        return_mean: bool,
    ) -> tuple[Tensor, Tensor]:
        given = map(_array, (phi, mu, cov, chol, log_det))
        weights, means, covariances, factors, log_dets = given
        energy, cov_diag = _estimates.energy(
            _array(z), weights, means, covariances, factors, log_dets, return_mean
        )
        return _tensor(energy, z), _tensor(cov_diag, z)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*inputs[:-1])

    @staticmethod
    def backward(ctx: Any, d_energy: Tensor | None, d_cov_diag: Tensor | None) -> Any:
        needed = ctx.needs_input_grad[:6]

        def gradients(
            d_energy: Tensor | None, d_cov_diag: Tensor | None, *given: Tensor
        ) -> tuple[Tensor | None, ...]:
            of_energy = 0.0 if d_energy is None else _array(d_energy)
            of_cov_diag = 0.0 if d_cov_diag is None else d_cov_diag.item()
            z, phi, mu, cov, chol, log_det = map(_array, given)
            found = _vjp.energy_vjp(z, phi, mu, cov, chol, log_det, of_energy, of_cov_diag, needed)
            return _tensors(found, given)

        return (*_once(gradients, d_energy, d_cov_diag, *ctx.saved_tensors), None)


class _Loss(torch.autograd.Function):  # type: ignore[misc]
    """Returns ``loss``, ``mean_energy``, ``cov_diag``, and gradients or None."""

    @staticmethod
    def forward(
        z: Tensor, gamma: Tensor, options: LossOptions, has_gradients: bool
    ) -> tuple[Tensor | None, ...]:
        got = _loss.loss(_array(z), _array(gamma), gradients=has_gradients, **options._asdict())
        likes = z, z, z, z, gamma
        return _tensors(got, likes)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        z, gamma, _, has_gradients = inputs
        ctx.mark_non_differentiable(*(out for out in output[1:] if out is not None))
        if has_gradients:
            # The inputs are saved only so that second derivatives are noticed and refused.
            ctx.save_for_backward(*output[3:], z, gamma)

    @staticmethod
    def backward(ctx: Any, d_loss: Tensor, *_: Tensor) -> Any:
        needed = ctx.needs_input_grad[:2]

        def gradients(d_loss: Tensor, *saved: Tensor) -> tuple[Tensor | None, ...]:
            pairs = zip(needed, saved[:2], strict=True)
            return tuple(_scaled(each, d_loss) if is_needed else None for is_needed, each in pairs)

        return (*_once(gradients, d_loss, *ctx.saved_tensors), None, None)


def _once(gradients: Callable[..., Any], *inputs: Tensor | None) -> Any:
    """First-order gradients; differentiating them (``create_graph=True``) is refused."""
    if torch.is_grad_enabled():
        return _Gradient.apply(gradients, *inputs)
    return gradients(*inputs)


class _Gradient(torch.autograd.Function):  # type: ignore[misc]
    """A gradient as a function of its inputs; its own gradient is refused."""

    @staticmethod
    def forward(gradients: Callable[..., Any], *inputs: Tensor | None) -> Any:
        return gradients(*inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> Any:
        raise SecondDerivative("gmm.torch")


_REALS = (torch.float32, torch.float64)


def _check(tensors: dict[str, Any]) -> None:
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"{name} is of type {type(tensor).__name__}; pass a torch.Tensor")
    first = next(iter(tensors.values())).dtype
    if first not in _REALS or any(tensor.dtype != first for tensor in tensors.values()):
        check_types({name: str(x.dtype).removeprefix("torch.") for name, x in tensors.items()})


def _scaled(gradient: Tensor, factor: Tensor) -> Tensor:
    return gradient * (factor if gradient.device == factor.device else factor.to(gradient.device))


def _array(tensor: Tensor) -> Any:
    """The memory of a CPU tensor, or a copy of a tensor of another device."""
    return tensor.numpy(force=True)


def _optional_array(tensor: Tensor | None) -> Any:
    return None if tensor is None else _array(tensor)


def _tensor(array: Any, like: Tensor) -> Tensor:
    tensor = torch.from_numpy(np.asarray(array))
    return tensor if like.is_cpu else tensor.to(like.device)


def _tensors(arrays: Any, likes: tuple[Tensor, ...]) -> tuple[Tensor | None, ...]:
    pairs = zip(arrays, likes, strict=True)
    return tuple(None if array is None else _tensor(array, like) for array, like in pairs)
