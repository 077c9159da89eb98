"""The mixture layers of deep models as differentiable functions of TensorFlow tensors.

:func:`gmm_params` and :func:`gmm_energy` have alibi-detect's names, signatures and argument order.
:func:`gmm_loss` computes both and their gradients in one pass: train with it. They work eagerly,
inside ``tf.function`` and in losses of Keras, and are computed on the CPU. XLA cannot compile them:
compile a Keras model that trains with them with ``jit_compile=False``. Only first derivatives
exist: second ones are refused.

An error of the library is a :class:`gmm.Error` in eager mode; inside ``tf.function`` it is an error
of TensorFlow whose message names the class: ``EmptyComponent: ...``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gmm import _estimates, _loss, _vjp
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
    import tensorflow as tf
    from tensorflow import Tensor
else:
    tf = require("tensorflow", "gmm.tensorflow")

__all__ = ["Loss", "gmm_energy", "gmm_loss", "gmm_params"]

# AutoGraph must not rewrite the Python code of these functions inside tf.function.
_as_it_stands = tf.autograph.experimental.do_not_convert


@_as_it_stands  # type: ignore[untyped-decorator]
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
        Added to the diagonals of ``cov`` in ``L`` and ``log_det_cov``. A number, not a tensor.

    Returns
    -------
    phi, mu, cov, L, log_det_cov : Tensor
        Of shapes (k,), (k, d), (k, d, d), (k, d, d) and (k,).

    Examples
    --------
    >>> import tensorflow as tf
    >>> from gmm.tensorflow import gmm_params
    >>> z = tf.Variable([[0.0], [2.0], [7.0]])
    >>> with tf.GradientTape() as tape:
    ...     phi, mu, cov, L, log_det_cov = gmm_params(z, tf.ones((3, 1)))
    >>> tape.gradient(mu, z).numpy().ravel().round(3)
    array([0.333, 0.333, 0.333], dtype=float32)
    """
    eps = float(eps)
    samples, shares = _checked({"z": z, "gamma": gamma}, (2, 2))

    def compute(z: Any, gamma: Any) -> Sequence[Any]:
        return _estimates.params(z, gamma, eps)

    def compute_gradients(z: Any, gamma: Any, *of: Any) -> Sequence[Any]:
        d_phi, d_mu, d_cov, d_chol, d_log_det = of
        return _vjp.params_vjp(z, gamma, eps, d_phi, d_mu, d_cov, d_chol, d_log_det)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def params(z: Tensor, gamma: Tensor) -> Any:
        def gradient(*cotangents: Tensor) -> Any:
            return _gradient(compute_gradients, (z.shape, gamma.shape), z, gamma, *cotangents)

        return _call(compute, shapes_of_params(gamma.shape[1], z.shape[1]), z, gamma), gradient

    phi, mu, cov, chol, log_det = params(samples, shares)
    return phi, mu, cov, chol, log_det


@_as_it_stands  # type: ignore[untyped-decorator]
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
    >>> import tensorflow as tf
    >>> from gmm.tensorflow import gmm_energy, gmm_params
    >>> z = tf.constant([[0.0], [2.0], [7.0]])
    >>> fitted = gmm_params(z, tf.ones((3, 1)))
    >>> energies, cov_diag = gmm_energy(z, *fitted, return_mean=False)
    >>> energies.shape, cov_diag.shape
    (TensorShape([3]), TensorShape([]))
    """
    given = dict(zip(PARAMETERS, (phi, mu, cov, L, log_det_cov), strict=True))
    tensors = _checked({"z": z, **given}, (2, 1, 2, 3, 3, 1))
    return_mean = bool(return_mean)

    def compute(*inputs: Any) -> Sequence[Any]:
        z, phi, mu, cov, chol, log_det = inputs
        return _estimates.energy(z, phi, mu, cov, chol, log_det, return_mean)

    def compute_gradients(*inputs: Any) -> Sequence[Any]:
        z, phi, mu, cov, chol, log_det, d_energy, d_cov_diag = inputs
        return _vjp.energy_vjp(z, phi, mu, cov, chol, log_det, d_energy, float(d_cov_diag))

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def energy(*inputs: Tensor) -> Any:
        def gradient(*cotangents: Tensor) -> Any:
            shapes = tuple(each.shape for each in inputs)
            return _gradient(compute_gradients, shapes, *inputs, *cotangents)

        shapes = ((), ()) if return_mean else (inputs[0].shape[:1], ())
        return _call(compute, shapes, *inputs), gradient

    energies, cov_diag = energy(*tensors)
    return energies, cov_diag


@_as_it_stands  # type: ignore[untyped-decorator]
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
    the same pass, and always: TensorFlow does not report whether a tape is
    watching. To get values alone, call :func:`gmm.loss` with ``gradients=False``.

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
    >>> import tensorflow as tf
    >>> from gmm.tensorflow import gmm_loss
    >>> z, logits = tf.Variable([[0.0], [2.0], [7.0]]), tf.Variable(tf.zeros((3, 2)))
    >>> with tf.GradientTape() as tape:
    ...     loss = gmm_loss(z, tf.nn.softmax(logits)).loss
    >>> [gradient.shape for gradient in tape.gradient(loss, [z, logits])]
    [TensorShape([3, 1]), TensorShape([3, 2])]
    """
    samples, shares = _checked({"z": z, "gamma": gamma}, (2, 2))
    options = LossOptions(eps, w_energy, w_cov_diag, ridge_limit, drop_empty, running)

    def compute(z: Any, gamma: Any) -> Sequence[Any]:
        return _loss.loss(z, gamma, **options._asdict())

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def loss(z: Tensor, gamma: Tensor) -> Any:
        shapes = (), (), (), z.shape, gamma.shape
        *values, d_z, d_gamma = _call(compute, shapes, z, gamma)

        @_refusing_gradients
        def scaled(d_loss: Tensor, d_z: Tensor, d_gamma: Tensor, *_: Tensor) -> Any:
            return d_loss * d_z, d_loss * d_gamma

        def gradient(d_loss: Tensor, *_: Tensor) -> Any:
            # The inputs are passed so that second derivatives with respect to them are refused.
            return scaled(d_loss, d_z, d_gamma, z, gamma)

        return values, gradient

    value, mean_energy, cov_diag = loss(samples, shares)
    return Loss(value, tf.stop_gradient(mean_energy), tf.stop_gradient(cov_diag))


def _refusing_gradients(function: Callable[..., Any]) -> Any:
    """A gradient as a function of its inputs; its own gradient is refused."""

    def refuse(*_: Tensor) -> Any:
        raise SecondDerivative("gmm.tensorflow")

    return tf.custom_gradient(lambda *inputs: (function(*inputs), refuse))


def _gradient(compute: Callable[..., Sequence[Any]], shapes: Sequence[Any], *inputs: Tensor) -> Any:
    return _refusing_gradients(lambda *inputs: _call(compute, shapes, *inputs))(*inputs)


def _call(
    compute: Callable[..., Sequence[Any]], shapes: Sequence[Any], *inputs: Tensor
) -> list[Tensor]:
    """Calls ``compute`` with the inputs as arrays; its results are tensors of ``shapes``."""
    dtype = inputs[0].dtype
    if tf.executing_eagerly():
        return [tf.convert_to_tensor(each) for each in compute(*(x.numpy() for x in inputs))]

    def named(*arrays: Any) -> list[Any]:
        try:
            with subnormals():
                return [np.asarray(each) for each in compute(*arrays)]
        except ValueError as error:
            # TensorFlow keeps the message but not the class, unless the class is its own.
            raise ValueError(f"{type(error).__name__}: {error}") from error

    results: list[Tensor] = tf.numpy_function(named, inputs, [dtype] * len(shapes))
    for result, shape in zip(results, shapes, strict=True):
        result.set_shape(shape)
    return results


def _checked(tensors: dict[str, Any], n_dims: tuple[int, ...]) -> list[Tensor]:
    given = {name: tf.convert_to_tensor(tensor) for name, tensor in tensors.items()}
    check_types({name: tensor.dtype.name for name, tensor in given.items()})
    for (name, tensor), n_expected in zip(given.items(), n_dims, strict=True):
        if tensor.shape.rank not in (n_expected, None):
            raise ValueError(f"{name} has {tensor.shape.rank} dimensions; pass {n_expected}")
    return list(given.values())
