"""Losses of TensorFlow tensors against the same losses in TensorFlow's own operations."""

from __future__ import annotations

import contextlib
import importlib
import math
import os
from typing import Any

import numpy as np
import pytest

import gmm
from frameworks import (
    REALS,
    SECOND,
    SHAPES,
    assert_close,
    cotangents,
    drawn,
    fitted,
    golden_losses,
)

# PyTorch loads triton when its optimisers are first used. That and TensorFlow have an LLVM each,
# and a process with both ends unless TensorFlow's comes second.
with contextlib.suppress(ImportError):
    importlib.import_module("triton")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
tf = pytest.importorskip("tensorflow")
gmm_tf = pytest.importorskip("gmm.tensorflow")


def plain_params(z: Any, gamma: Any, eps: float = 1e-6) -> Any:
    """All components at once, by what TensorFlow knows how to differentiate."""
    sums = tf.reduce_sum(gamma, 0)
    phi, mu = sums / len(z), tf.einsum("nk,ni->ki", gamma, z) / sums[:, None]
    centred = z[:, None] - mu
    cov = tf.einsum("nk,nki,nkj->kij", gamma, centred, centred) / sums[:, None, None]
    chol = tf.linalg.cholesky(cov + eps * tf.eye(z.shape[1], dtype=z.dtype))
    log_det = 2 * tf.reduce_sum(tf.math.log(tf.linalg.diag_part(chol)), 1)
    return phi, mu, cov, chol, log_det


def plain_energy(
    z: Any, phi: Any, mu: Any, cov: Any, L: Any, log_det_cov: Any, return_mean: bool = True
) -> Any:
    centred = tf.transpose(z[:, None] - mu, (1, 2, 0))
    white = tf.linalg.triangular_solve(L, centred, lower=True)
    constants = tf.math.log(phi) - 0.5 * (log_det_cov + z.shape[1] * math.log(2 * math.pi))
    parts = constants[:, None] - 0.5 * tf.reduce_sum(white**2, 1)
    energy = -tf.reduce_logsumexp(parts, 0)
    cov_diag = tf.reduce_sum(1 / tf.linalg.diag_part(cov))
    return (tf.reduce_mean(energy) if return_mean else energy), cov_diag


def fused(z: Any, gamma: Any) -> Any:
    return gmm_tf.gmm_loss(z, gamma).loss


def by_parts(z: Any, gamma: Any) -> Any:
    energy, cov_diag = gmm_tf.gmm_energy(z, *gmm_tf.gmm_params(z, gamma))
    return energy + 0.005 * cov_diag


def gradients(function: Any, given: Any, weights: Any = None) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(given)
        value = function(*given)
    return tape.gradient(value, given, output_gradients=weights)


def compare(ours: Any, plain: Any, arrays: Any, real: str) -> None:
    """Values of two functions and their gradients, by cotangents that are random."""
    given = [tf.constant(each) for each in arrays]
    wide = [tf.constant(each.astype("float64")) for each in arrays]
    expected = plain(*wide)
    for each, other in zip(ours(*given), expected, strict=True):
        assert_close(each, other, real)
    weights = cotangents(expected)
    of_plain = gradients(lambda *given: list(plain(*given)), wide, [*map(tf.constant, weights)])
    mine = [tf.constant(each.astype(real)) for each in weights]
    of_ours = gradients(lambda *given: list(ours(*given)), given, mine)
    for each, other in zip(of_ours, of_plain, strict=True):
        assert_close(each, other, real)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("shape", SHAPES)
def test_params_are_those_of_plain_operations(shape: Any, real: str) -> None:
    compare(gmm_tf.gmm_params, plain_params, drawn(*shape, real), real)


@pytest.mark.parametrize("return_mean", [True, False])
@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("shape", SHAPES)
def test_energies_are_those_of_plain_operations(shape: Any, real: str, return_mean: bool) -> None:
    def ours(*given: Any) -> Any:
        return gmm_tf.gmm_energy(*given, return_mean=return_mean)

    def plain(*given: Any) -> Any:
        return plain_energy(*given, return_mean=return_mean)

    compare(ours, plain, fitted(*shape, real), real)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_loss_is_that_of_plain_operations(shape: Any, real: str) -> None:
    def ours(z: Any, gamma: Any) -> Any:
        return (gmm_tf.gmm_loss(z, gamma, 1e-4, w_energy=0.5, w_cov_diag=0.25).loss,)

    def plain(z: Any, gamma: Any) -> Any:
        energy, cov_diag = plain_energy(z, *plain_params(z, gamma, 1e-4))
        return (0.5 * energy + 0.25 * cov_diag,)

    compare(ours, plain, drawn(*shape, real), real)


@pytest.mark.parametrize("real", REALS)
def test_golden_gradients_come_back(real: str) -> None:
    compared = 0
    for name, z, gamma, (w_energy, w_cov_diag), expected in golden_losses(real):

        def loss(z: Any, gamma: Any, a: float = w_energy, b: float = w_cov_diag) -> Any:
            return gmm_tf.gmm_loss(z, gamma, w_energy=a, w_cov_diag=b).loss

        found = gradients(loss, [tf.constant(z), tf.constant(gamma)])
        for got, (golden, allowed) in zip(found, expected, strict=True):
            assert np.abs(got.numpy() - golden).max() <= allowed, name
            compared += 1
    assert compared > 100


@pytest.mark.parametrize("function", [fused, by_parts])
def test_inside_functions_of_tensorflow_the_gradients_are_the_same(function: Any) -> None:
    given = [tf.constant(each) for each in drawn(30, 3, 2)]
    expected = gradients(function, given)
    # The tape inside, and outside.
    for found in (
        tf.function(lambda *given: gradients(function, given))(*given),
        gradients(tf.function(function), given),
    ):
        for each, other in zip(found, expected, strict=True):
            assert np.array_equal(each, other)


def test_subnormal_responsibilities_count_inside_functions_too() -> None:
    # On the threads that run those, TensorFlow takes them for zero.
    found = [each for each in golden_losses("float32") if each[0] == "resp_1e-40"]
    ((_, z, gamma, _, expected),) = found
    assert 0 < gamma.min() < np.finfo(np.float32).tiny
    loss = tf.function(lambda *given: gmm_tf.gmm_loss(*given, w_cov_diag=0.0).loss)
    for got, (golden, allowed) in zip(
        gradients(loss, [tf.constant(z), tf.constant(gamma)]), expected, strict=True
    ):
        assert np.abs(got.numpy() - golden).max() <= allowed


def test_shapes_are_known_before_values_are() -> None:
    shapes = {}

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, 3), tf.float32),
            tf.TensorSpec((None, 2), tf.float32),
        ]
    )
    def step(z: Any, gamma: Any) -> Any:
        parameters = gmm_tf.gmm_params(z, gamma)
        energy = gmm_tf.gmm_energy(z, *parameters, return_mean=False)
        of_z, of_gamma = gradients(fused, [z, gamma])
        shapes["parameters"] = [each.shape.as_list() for each in parameters]
        shapes["energy"] = [each.shape.as_list() for each in energy]
        shapes["gradients"] = [each.shape.as_list() for each in (of_z, of_gamma)]
        return of_z

    for n in (20, 30):
        assert step(*drawn(n, 3, 2, "float32")).shape == (n, 3)
    assert shapes["parameters"] == [[2], [2, 3], [2, 3, 3], [2, 3, 3], [2]]
    assert shapes["energy"] == [[None], []]
    assert shapes["gradients"] == [[None, 3], [None, 2]]


def test_a_loss_of_keras_trains_a_model() -> None:
    keras = tf.keras
    keras.utils.set_random_seed(0)
    samples = drawn(200, 4, 2, "float32")[0]

    def loss(_: Any, both: Any) -> Any:
        z, logits = both[:, :2], both[:, 2:]
        return gmm_tf.gmm_loss(z, tf.nn.softmax(logits), w_cov_diag=0.05).loss

    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(4)])
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss=loss, jit_compile=False)
    losses = model.fit(samples, samples, batch_size=50, epochs=5, verbose=0).history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]


@pytest.mark.parametrize("function", [fused, by_parts])
def test_second_derivatives_are_refused(function: Any) -> None:
    def second(*given: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(given)
            first = gradients(function, given)
        return tape.gradient(first, given)

    given = [tf.constant(each) for each in drawn(30, 3, 2)]
    with pytest.raises(NotImplementedError, match=f"gmm.tensorflow {SECOND}"):
        second(*given)
    # The error that tf.function makes of it has the class as one of its own.
    with pytest.raises(Exception, match=f"gmm.tensorflow {SECOND}"):
        tf.function(second)(*given)


def test_the_two_values_beside_the_loss_have_no_gradients() -> None:
    given = [tf.constant(each) for each in drawn(30, 3, 2)]
    got = gmm_tf.gmm_loss(*given, w_energy=0.5, w_cov_diag=0.25)
    assert float(got.loss) == pytest.approx(
        0.5 * float(got.mean_energy) + 0.25 * float(got.cov_diag), rel=1e-14
    )
    for name in ("mean_energy", "cov_diag"):
        found = gradients(lambda *given, n=name: getattr(gmm_tf.gmm_loss(*given), n), given)
        assert found == [None, None]


def test_a_tensor_that_is_not_watched_gets_none() -> None:
    z, gamma = (tf.constant(each) for each in drawn(30, 3, 2))
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = fused(z, gamma)
    of_z, of_gamma = tape.gradient(value, [z, gamma])
    assert of_z is not None and of_gamma is None


def test_refusals_keep_their_class_or_its_name() -> None:
    z, gamma = drawn(30, 3, 2)
    bad = np.where(z > 1, np.nan, z)
    for function in (fused, by_parts):
        with pytest.raises(gmm.EmptyComponent):
            function(z, gamma * [1, 0])
        with pytest.raises(gmm.NotFinite, match="samples"):
            function(bad, gamma)
        compiled = tf.function(function)
        with pytest.raises(tf.errors.InvalidArgumentError, match="EmptyComponent: component 1"):
            compiled(tf.constant(z), tf.constant(gamma * [1, 0]))
        with pytest.raises(tf.errors.InvalidArgumentError, match="NotFinite: samples"):
            compiled(tf.constant(bad), tf.constant(gamma))


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function])
def test_options_of_the_loss_reach_it(wrap: Any) -> None:
    z, gamma = drawn(30, 3, 2)
    flat, absent = np.concatenate([z[:, :2], np.ones((30, 1))], axis=1), gamma * [1, 0]
    running, alone = gmm.RunningMoments(0.5), gmm.RunningMoments(0.5)

    def repaired(z: Any, gamma: Any) -> Any:
        options = {"w_cov_diag": 0.0, "ridge_limit": 1e-2, "drop_empty": True}
        return gmm_tf.gmm_loss(z, gamma, 0.0, **options).loss

    of_z, of_gamma = gradients(wrap(repaired), [tf.constant(flat), tf.constant(absent)])
    assert np.isfinite(of_z).all()
    assert (of_gamma.numpy()[:, 1] == 0).all() and (of_gamma.numpy()[:, 0] != 0).any()
    step = wrap(lambda z, gamma: gmm_tf.gmm_loss(z, gamma, running=running).loss)
    for at in range(3):
        given = [tf.constant(z + at), tf.constant(gamma)]
        expected = gmm.loss(z + at, gamma, running=alone)
        assert np.array_equal(gradients(step, given)[0], expected.d_z)
    assert running.n_batches == 3


def test_other_types_and_shapes_are_refused() -> None:
    z, gamma = drawn(30, 3, 2)
    for function in (gmm_tf.gmm_params, gmm_tf.gmm_loss):
        for dtype in ("float16", "bfloat16", "int32"):
            with pytest.raises(TypeError, match=f"z is of type {dtype}; pass float32 or float64"):
                function(tf.cast(z, dtype), gamma)
        with pytest.raises(TypeError, match="gamma is of type float32 and z of float64"):
            function(z, tf.cast(gamma, "float32"))
        with pytest.raises(ValueError, match="z has 1 dimensions; pass 2"):
            function(z[0], gamma)


def test_threads_change_no_bit() -> None:
    given = [tf.constant(each) for each in drawn(4000, 3, 2)]
    with gmm.thread_limit(1):
        one = gradients(fused, given)[0]
    with gmm.thread_limit(3):
        assert np.array_equal(gradients(fused, given)[0], one)
