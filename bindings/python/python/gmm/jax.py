"""The mixture layers of deep models as differentiable functions of JAX arrays.

:func:`gmm_params` and :func:`gmm_energy` have alibi-detect's names, signatures and argument order.
:func:`gmm_loss` computes both and their gradients in one pass: train with it. They work under
``jit``, ``grad``, ``value_and_grad`` and ``vmap``, which calls them once for each batch element.
They are computed on the CPU: arrays of other devices are copied there, and results are copied back.
Only first derivatives in reverse mode exist: others are refused.

An error of the library is an error of JAX whose message names the class: ``EmptyComponent: ...``.
"""

from __future__ import annotations

import functools
import json
import uuid
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gmm import _estimates, _loss, _vjp, _xla
from gmm._frameworks import (
    PARAMETERS,
    Loss,
    LossOptions,
    SecondDerivative,
    check_types,
    shapes_of_params,
    subnormals,
)
from gmm._optional import require
from gmm._running import RunningMoments

if TYPE_CHECKING:
    import jax
    import jax.numpy as jnp
    from jax import Array
else:
    jax, jnp = require("jax", "gmm.jax"), require("jax.numpy", "gmm.jax")

__all__ = ["Loss", "gmm_energy", "gmm_loss", "gmm_params"]


def gmm_params(
    z: Array, gamma: Array, eps: float = 1e-6
) -> tuple[Array, Array, Array, Array, Array]:
    """Mixture parameters from samples and their responsibilities.

    The same values as :func:`gmm.params`, with gradients with respect to ``z`` and ``gamma``.

    Parameters
    ----------
    z : Array of shape (n, d)
        Samples, float32 or float64. Results have the same type.
    gamma : Array of shape (n, k)
        Responsibilities, of the type of the samples.
    eps : float, default=1e-6
        Added to the diagonals of ``cov`` in ``L`` and ``log_det_cov``. A Python number, not traced.

    Returns
    -------
    phi, mu, cov, L, log_det_cov : Array
        Of shapes (k,), (k, d), (k, d, d), (k, d, d) and (k,).

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> from gmm.jax import gmm_params
    >>> z = jnp.array([[0.0], [2.0], [7.0]])
    >>> mean = lambda z: gmm_params(z, jnp.ones((3, 1)))[1].sum()
    >>> [round(float(each), 3) for each in jax.grad(mean)(z).ravel()]
    [0.333, 0.333, 0.333]
    """
    arrays = _checked({"z": z, "gamma": gamma}, (2, 2))
    phi, mu, cov, chol, log_det = _params(float(eps), *arrays)
    return phi, mu, cov, chol, log_det


def gmm_energy(
    z: Array,
    phi: Array,
    mu: Array,
    cov: Array,
    L: Array,
    log_det_cov: Array,
    return_mean: bool = True,
) -> tuple[Array, Array]:
    """Energies under a mixture from :func:`gmm_params`, and the sum of inverse variances.

    The same values as :func:`gmm.energy`, with gradients with respect to every array:
    energies depend on ``L`` and ``log_det_cov``, and ``cov_diag`` on ``cov``.

    Parameters
    ----------
    z : Array of shape (n, d)
    phi, mu, cov, L, log_det_cov : Array
        Of shapes (k,), (k, d), (k, d, d), (k, d, d) and (k,), and of the type of ``z``.
    return_mean : bool, default=True
        Whether to return the mean energy instead of the energies.

    Returns
    -------
    sample_energy : Array of shape () or (n,)
    cov_diag : Array of shape ()

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> from gmm.jax import gmm_energy, gmm_params
    >>> z = jnp.array([[0.0], [2.0], [7.0]])
    >>> fitted = gmm_params(z, jnp.ones((3, 1)))
    >>> energies, cov_diag = gmm_energy(z, *fitted, return_mean=False)
    >>> energies.shape, cov_diag.shape
    ((3,), ())
    """
    given = dict(zip(PARAMETERS, (phi, mu, cov, L, log_det_cov), strict=True))
    arrays = _checked({"z": z, **given}, (2, 1, 2, 3, 3, 1))
    energy, cov_diag = _energy(bool(return_mean), *arrays)
    return energy, cov_diag


def gmm_loss(
    z: Array,
    gamma: Array,
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
    the same pass, if the loss is differentiated. All numbers are static, not traced.

    Parameters
    ----------
    z : Array of shape (n, d)
        Samples, float32 or float64. Results have the same type.
    gamma : Array of shape (n, k)
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
        they give; gradients flow through the share of this batch. JAX does not know of
        this side effect: a loss that is not used adds no batch, and under ``jax.checkpoint`` a
        batch is added twice.

    Returns
    -------
    Loss
        ``loss``, ``mean_energy``, ``cov_diag``, each of shape (). The last two have no gradients:
        they are for monitoring, and are part of ``loss`` with their weights.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> from gmm.jax import gmm_loss
    >>> z, logits = jnp.array([[0.0], [2.0], [7.0]]), jnp.zeros((3, 2))
    >>> loss = lambda z, logits: gmm_loss(z, jax.nn.softmax(logits)).loss
    >>> d_z, d_logits = jax.jit(jax.grad(loss, (0, 1)))(z, logits)
    >>> d_z.shape, d_logits.shape
    ((3, 1), (3, 2))
    """
    arrays = _checked({"z": z, "gamma": gamma}, (2, 2))
    limit = None if ridge_limit is None else float(ridge_limit)
    numbers = float(eps), float(w_energy), float(w_cov_diag), limit, bool(drop_empty)
    text = json.dumps([*numbers, None if running is None else _name_of(running)])
    return Loss(*_fused(text, *arrays))


# The functions that JAX differentiates. Arguments before ``z`` are static.


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _params(eps: float, z: Array, gamma: Array) -> Any:
    return _params_forward(eps, z, gamma)[0]


def _params_forward(eps: float, z: Array, gamma: Array) -> Any:
    shapes = shapes_of_params(gamma.shape[1], z.shape[1])
    return _call("params", json.dumps(eps), shapes, z, gamma), (z, gamma)


def _params_backward(eps: float, inputs: Any, cotangents: Any) -> Any:
    shapes = tuple(each.shape for each in inputs)
    return _call("params_vjp", json.dumps(eps), shapes, *inputs, *cotangents)


_params.defvjp(_params_forward, _params_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _energy(return_mean: bool, *inputs: Array) -> Any:
    return _energy_forward(return_mean, *inputs)[0]


def _energy_forward(return_mean: bool, *inputs: Array) -> Any:
    shapes = ((), ()) if return_mean else (inputs[0].shape[:1], ())
    return _call("energy", json.dumps(return_mean), shapes, *inputs), inputs


def _energy_backward(return_mean: bool, inputs: Any, cotangents: Any) -> Any:
    shapes = tuple(each.shape for each in inputs)
    return _call("energy_vjp", "null", shapes, *inputs, *cotangents)


_energy.defvjp(_energy_forward, _energy_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _fused(options: str, z: Array, gamma: Array) -> Any:
    return _call("loss", options, ((), (), ()), z, gamma)


def _fused_forward(options: str, z: Array, gamma: Array) -> Any:
    shapes = (), (), (), z.shape, gamma.shape
    *values, d_z, d_gamma = _call("loss with gradients", options, shapes, z, gamma)
    return tuple(values), (d_z, d_gamma)


def _fused_backward(options: str, gradients: Any, cotangents: Any) -> Any:
    return tuple(cotangents[0] * each for each in gradients)


_fused.defvjp(_fused_forward, _fused_backward)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def _call(name: str, options: str, shapes: tuple[tuple[int, ...], ...], *inputs: Array) -> Any:
    """The results of function ``name`` of ``_HOST``, as arrays of ``shapes``."""
    return _compiled(f"{name}|{options}", shapes, *inputs)


@_call.defjvp  # type: ignore[untyped-decorator]
def _refuse(*_: Any) -> Any:
    # First derivatives are defined above and do not call this; a derivative of `_call` is a second.
    raise SecondDerivative("gmm.jax")


# Within ``jit``, so that calls from outside it are compiled once.
@functools.partial(jax.jit, static_argnums=(0, 1))
def _compiled(text: str, shapes: tuple[tuple[int, ...], ...], *inputs: Array) -> Any:
    results = tuple(jax.ShapeDtypeStruct(shape, inputs[0].dtype) for shape in shapes)

    return jax.lax.platform_dependent(
        *inputs,
        cpu=functools.partial(_on_cpu, text, results),
        default=functools.partial(_elsewhere, text, results),
    )


def _on_cpu(text: str, results: Any, *inputs: Array) -> Any:
    call = jax.ffi.ffi_call(_TARGET, results, vmap_method="sequential")
    return tuple(call(*inputs, call=text))


def _elsewhere(text: str, results: Any, *inputs: Array) -> Any:
    """For other devices, whose copies to the CPU do not depend on threads that wait."""
    host = functools.partial(_returned, text)
    return jax.pure_callback(host, results, *inputs, vmap_method="sequential")


# The computations, on NumPy arrays, by name. They take options, parsed from JSON, and inputs.


def _host_params(eps: float, z: Any, gamma: Any) -> Sequence[Any]:
    return _estimates.params(z, gamma, eps)


def _host_params_vjp(eps: float, z: Any, gamma: Any, *cotangents: Any) -> Sequence[Any]:
    d_phi, d_mu, d_cov, d_chol, d_log_det = cotangents
    return _vjp.params_vjp(z, gamma, eps, d_phi, d_mu, d_cov, d_chol, d_log_det)


def _host_energy(return_mean: bool, *inputs: Any) -> Sequence[Any]:
    z, phi, mu, cov, chol, log_det = inputs
    return _estimates.energy(z, phi, mu, cov, chol, log_det, return_mean)


def _host_energy_vjp(_: None, *inputs: Any) -> Sequence[Any]:
    z, phi, mu, cov, chol, log_det, d_energy, d_cov_diag = inputs
    return _vjp.energy_vjp(z, phi, mu, cov, chol, log_det, d_energy, float(d_cov_diag))


def _host_loss(options: list[Any], z: Any, gamma: Any, gradients: bool) -> Sequence[Any]:
    eps, w_energy, w_cov_diag, limit, drop_empty, name = options
    running = None if name is None else _running_of(name)
    given = LossOptions(eps, w_energy, w_cov_diag, limit, drop_empty, running)
    return _loss.loss(z, gamma, gradients=gradients, **given._asdict())


_HOST: Final[dict[str, Callable[..., Sequence[Any]]]] = {
    "params": _host_params,
    "params_vjp": _host_params_vjp,
    "energy": _host_energy,
    "energy_vjp": _host_energy_vjp,
    "loss": functools.partial(_host_loss, gradients=False),
    "loss with gradients": functools.partial(_host_loss, gradients=True),
}


def _computed(text: str, inputs: Sequence[Any]) -> Sequence[Any]:
    name, options = text.split("|")
    with subnormals():
        return _HOST[name](json.loads(options), *inputs)


def _written(text: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
    results = _computed(text, inputs)
    for output, result in zip(outputs, results[: len(outputs)], strict=True):
        output[...] = result


def _returned(text: str, *inputs: Any) -> Any:
    return tuple(np.asarray(each) for each in _computed(text, [np.asarray(x) for x in inputs]))


_TARGET: Final = "gmm_python"
#: XLA has its address, so it must stay alive.
_HANDLER: Final = _xla.handler(_written)
jax.ffi.register_ffi_target(_TARGET, jax.ffi.pycapsule(_HANDLER), platform="cpu")

# A compiled computation holds text, so it refers to running moments by name. The names contain a
# key of this process, because compiled computations are also cached in files.
_PROCESS: Final = uuid.uuid4().hex
_names: weakref.WeakKeyDictionary[RunningMoments, str] = weakref.WeakKeyDictionary()
_by_name: weakref.WeakValueDictionary[str, RunningMoments] = weakref.WeakValueDictionary()


def _name_of(running: RunningMoments) -> str:
    name = _names.setdefault(running, f"{_PROCESS} {uuid.uuid4().hex}")
    _by_name[name] = running
    return name


def _running_of(name: str) -> RunningMoments:
    running = _by_name.get(name)
    if running is None:
        raise ValueError(
            "the RunningMoments of this compiled function no longer exist; keep a reference to them"
        )
    return running


def _checked(arrays: dict[str, Any], n_dims: tuple[int, ...]) -> list[Array]:
    given = {name: jnp.asarray(array) for name, array in arrays.items()}
    check_types({name: str(array.dtype) for name, array in given.items()})
    for (name, array), n_expected in zip(given.items(), n_dims, strict=True):
        if array.ndim != n_expected:
            raise ValueError(f"{name} has {array.ndim} dimensions; pass {n_expected}")
    return list(given.values())
