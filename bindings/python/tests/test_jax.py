"""Losses of JAX arrays against the same losses in JAX's own operations."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import gmm
from frameworks import (
    REALS,
    SECOND,
    assert_close,
    cotangents,
    drawn,
    fitted,
    golden_losses,
)

jax = pytest.importorskip("jax")
gmm_jax = pytest.importorskip("gmm.jax")
jnp = jax.numpy
jax.config.update("jax_enable_x64", True)

#: Of samples, features and components: fewer than elsewhere, for each is compiled.
SHAPES = [(12, 1, 1), (50, 4, 3)]
#: Errors that come out of compiled computations, whose class is JAX's.
REFUSED = (ValueError, RuntimeError)


def plain_params(z: Any, gamma: Any, eps: float = 1e-6) -> Any:
    """All components at once, by what JAX knows how to differentiate."""
    sums = gamma.sum(0)
    phi, mu = sums / len(z), jnp.einsum("nk,ni->ki", gamma, z) / sums[:, None]
    centred = z[:, None] - mu
    cov = jnp.einsum("nk,nki,nkj->kij", gamma, centred, centred) / sums[:, None, None]
    chol = jnp.linalg.cholesky(cov + eps * jnp.eye(z.shape[1]))
    log_det = 2 * jnp.log(jnp.diagonal(chol, axis1=1, axis2=2)).sum(1)
    return phi, mu, cov, chol, log_det


def plain_energy(
    z: Any, phi: Any, mu: Any, cov: Any, L: Any, log_det_cov: Any, return_mean: bool = True
) -> Any:
    centred = (z[:, None] - mu).transpose(1, 2, 0)
    white = jax.scipy.linalg.solve_triangular(L, centred, lower=True)
    constants = jnp.log(phi) - 0.5 * (log_det_cov + z.shape[1] * math.log(2 * math.pi))
    parts = constants[:, None] - 0.5 * (white**2).sum(1)
    energy = -jax.scipy.special.logsumexp(parts, axis=0)
    cov_diag = (1 / jnp.diagonal(cov, axis1=1, axis2=2)).sum()
    return (energy.mean() if return_mean else energy), cov_diag


def plain_loss(z: Any, gamma: Any) -> Any:
    energy, cov_diag = plain_energy(z, *plain_params(z, gamma))
    return energy + 0.005 * cov_diag


def fused(z: Any, gamma: Any) -> Any:
    return gmm_jax.gmm_loss(z, gamma).loss


def by_parts(z: Any, gamma: Any) -> Any:
    energy, cov_diag = gmm_jax.gmm_energy(z, *gmm_jax.gmm_params(z, gamma))
    return energy + 0.005 * cov_diag


def compare(ours: Any, plain: Any, arrays: Any, real: str) -> None:
    """Values of two functions and their gradients, by cotangents that are random."""
    expected, of_plain = jax.vjp(plain, *(each.astype("float64") for each in arrays))
    got, of_ours = jax.vjp(ours, *arrays)
    for each, other in zip(got, expected, strict=True):
        assert_close(each, other, real)
    weights = [jnp.asarray(each) for each in cotangents(expected)]
    found = of_ours(tuple(each.astype(real) for each in weights))
    for each, other in zip(found, of_plain(tuple(weights)), strict=True):
        assert_close(each, other, real)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("shape", SHAPES)
def test_params_are_those_of_plain_operations(shape: Any, real: str) -> None:
    compare(gmm_jax.gmm_params, plain_params, drawn(*shape, real), real)


@pytest.mark.parametrize("return_mean", [True, False])
@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("shape", SHAPES)
def test_energies_are_those_of_plain_operations(shape: Any, real: str, return_mean: bool) -> None:
    def ours(*given: Any) -> Any:
        return gmm_jax.gmm_energy(*given, return_mean=return_mean)

    def plain(*given: Any) -> Any:
        return plain_energy(*given, return_mean=return_mean)

    compare(ours, plain, fitted(*shape, real), real)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_loss_is_that_of_plain_operations(shape: Any, real: str) -> None:
    def ours(z: Any, gamma: Any) -> Any:
        return (gmm_jax.gmm_loss(z, gamma, 1e-4, w_energy=0.5, w_cov_diag=0.25).loss,)

    def plain(z: Any, gamma: Any) -> Any:
        energy, cov_diag = plain_energy(z, *plain_params(z, gamma, 1e-4))
        return (0.5 * energy + 0.25 * cov_diag,)

    compare(ours, plain, drawn(*shape, real), real)


def test_golden_gradients_come_back() -> None:
    # One of them has responsibilities that are subnormal, which XLA's threads take for zero.
    compared = 0
    for name, z, gamma, (w_energy, w_cov_diag), expected in golden_losses("float32"):
        if z.size > 100:
            # Every shape is compiled anew.
            continue

        def loss(z: Any, gamma: Any, a: float = w_energy, b: float = w_cov_diag) -> Any:
            return gmm_jax.gmm_loss(z, gamma, w_energy=a, w_cov_diag=b).loss

        for got, (golden, allowed) in zip(jax.grad(loss, (0, 1))(z, gamma), expected, strict=True):
            assert np.abs(np.asarray(got) - golden).max() <= allowed, name
            compared += 1
    assert compared > 40


@pytest.mark.parametrize("function", [fused, by_parts])
def test_compiled_and_mapped_gradients_are_those_of_one_call(function: Any) -> None:
    z, gamma = drawn(30, 3, 2)
    expected = jax.grad(plain_loss, (0, 1))(z, gamma)
    value, found = jax.jit(jax.value_and_grad(function, (0, 1)))(z, gamma)
    assert_close(value, plain_loss(z, gamma), "float64")
    for each, other in zip(found, expected, strict=True):
        assert_close(each, other, "float64")
    many = np.stack([z, 2 * z, z + 1])
    of_many = jax.jit(jax.vmap(jax.grad(function, (0, 1)), in_axes=(0, None)))(many, gamma)
    for at, samples in enumerate(many):
        each = jax.grad(plain_loss, (0, 1))(samples, gamma)
        assert_close(of_many[0][at], each[0], "float64")
        assert_close(of_many[1][at], each[1], "float64")
    values = jax.vmap(function)(many, jnp.stack([gamma] * 3))
    assert_close(values, [plain_loss(samples, gamma) for samples in many], "float64")


def test_inside_a_loop_of_jax_the_loss_goes_down() -> None:
    z, gamma = drawn(30, 3, 2)

    def step(logits: Any, _: None) -> Any:
        loss, gradient = jax.value_and_grad(lambda x: fused(z, jax.nn.softmax(x)))(logits)
        return logits - gradient, loss

    losses = jax.jit(lambda logits: jax.lax.scan(step, logits, None, length=20)[1])(np.log(gamma))
    assert (np.diff(losses) < 0).all()


def test_second_derivatives_and_forward_ones_are_refused() -> None:
    z, gamma = drawn(30, 3, 2)
    for function in (fused, by_parts):
        for second in (
            jax.grad(lambda z, f=function: jax.grad(f)(z, gamma).sum()),
            jax.jit(jax.grad(lambda z, f=function: jax.grad(f)(z, gamma).sum())),
            jax.hessian(lambda z, f=function: f(z, gamma)),
        ):
            with pytest.raises(NotImplementedError, match=f"gmm.jax {SECOND}"):
                second(z)
        with pytest.raises(TypeError, match="forward-mode"):
            jax.jvp(lambda z, f=function: f(z, gamma), (z,), (z,))


def test_the_two_values_beside_the_loss_have_no_gradients() -> None:
    z, gamma = drawn(30, 3, 2)
    got = gmm_jax.gmm_loss(z, gamma, w_energy=0.5, w_cov_diag=0.25)
    parts = 0.5 * float(got.mean_energy) + 0.25 * float(got.cov_diag)
    assert float(got.loss) == pytest.approx(parts, rel=1e-14)
    assert (jax.grad(lambda z: gmm_jax.gmm_loss(z, gamma).mean_energy)(z) == 0).all()


def test_no_gradient_is_computed_where_none_is_needed(monkeypatch: Any) -> None:
    seen, function = [], gmm._loss.loss

    def noting(*args: Any, **kwargs: Any) -> Any:
        seen.append(kwargs["gradients"])
        return function(*args, **kwargs)

    monkeypatch.setattr(gmm._loss, "loss", noting)
    z, gamma = drawn(30, 3, 2)
    jax.block_until_ready(fused(z, gamma))
    jax.block_until_ready(jax.jit(fused)(z, gamma))
    jax.block_until_ready(jax.value_and_grad(fused)(z, gamma))
    assert seen == [False, False, True]


@pytest.mark.parametrize("function", [fused, jax.jit(fused), jax.jit(jax.grad(by_parts))])
def test_refusals_keep_their_words(function: Any) -> None:
    z, gamma = drawn(30, 3, 2)
    with pytest.raises(REFUSED, match="EmptyComponent: component 1 has no responsibility"):
        jax.block_until_ready(function(z, gamma * [1, 0]))
    with pytest.raises(REFUSED, match="NotFinite: samples"):
        jax.block_until_ready(function(np.where(z > 1, np.nan, z), gamma))
    # And what follows a refusal is as if there had been none.
    jax.block_until_ready(function(z, gamma))


def test_options_of_the_loss_reach_it() -> None:
    z, gamma = drawn(30, 3, 2)
    flat, absent = np.concatenate([z[:, :2], np.ones((30, 1))], axis=1), gamma * [1, 0]
    running, alone = gmm.RunningMoments(0.5), gmm.RunningMoments(0.5)

    def repaired(z: Any, gamma: Any) -> Any:
        options = {"w_cov_diag": 0.0, "ridge_limit": 1e-2, "drop_empty": True}
        return gmm_jax.gmm_loss(z, gamma, 0.0, **options).loss

    of_z, of_gamma = jax.jit(jax.grad(repaired, (0, 1)))(flat, absent)
    assert jnp.isfinite(of_z).all() and (of_gamma[:, 1] == 0).all() and (of_gamma[:, 0] != 0).any()
    step = jax.jit(jax.grad(lambda z: gmm_jax.gmm_loss(z, gamma, running=running).loss))
    for at in range(3):
        got, expected = step(z + at), gmm.loss(z + at, gamma, running=alone)
        assert np.array_equal(got, expected.d_z)
    assert running.n_batches == 3


def test_moments_that_no_longer_exist_are_reported() -> None:
    z, gamma = drawn(30, 3, 2)
    kept = SimpleNamespace(running=gmm.RunningMoments(0.5))
    step = jax.jit(lambda z: gmm_jax.gmm_loss(z, gamma, running=kept.running).loss)
    jax.block_until_ready(step(z))
    del kept.running
    with pytest.raises(REFUSED, match="RunningMoments of this compiled function no longer exist"):
        jax.block_until_ready(step(z))


def test_other_types_and_shapes_are_refused() -> None:
    z, gamma = drawn(30, 3, 2)
    for function in (gmm_jax.gmm_params, gmm_jax.gmm_loss):
        for dtype in ("float16", "bfloat16", "int32"):
            with pytest.raises(TypeError, match=f"z is of type {dtype}; pass float32 or float64"):
                function(jnp.asarray(z).astype(dtype), gamma)
        with pytest.raises(TypeError, match="gamma is of type float32 and z of float64"):
            function(z, gamma.astype("float32"))
        with pytest.raises(ValueError, match="z has 1 dimensions; pass 2"):
            function(z[0], gamma)


def test_threads_change_no_bit() -> None:
    z, gamma = drawn(4000, 3, 2)
    with gmm.thread_limit(1):
        one = np.asarray(jax.grad(fused)(z, gamma))
    with gmm.thread_limit(3):
        assert np.array_equal(jax.grad(fused)(z, gamma), one)


def test_devices_that_are_not_the_cpu_have_a_way_of_their_own() -> None:
    z, gamma = (jnp.asarray(each) for each in drawn(30, 3, 2))
    results = tuple(jax.ShapeDtypeStruct(each.shape, each.dtype) for each in plain_params(z, gamma))
    there = jax.jit(lambda *given: gmm_jax._elsewhere("params|1e-06", results, *given))
    for each, other in zip(there(z, gamma), gmm_jax.gmm_params(z, gamma), strict=True):
        assert np.array_equal(each, other)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be chosen")
def test_a_process_with_one_processor_does_not_wait_for_itself() -> None:
    # XLA has one thread then, on which the host's function runs: jax.pure_callback, which waits
    # there for copies of arrays that are as large as these, never came back.
    code = """
import os
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
import jax, numpy as np
from gmm.jax import gmm_loss
rng = np.random.default_rng(0)
z, logits = rng.normal(size=(20000, 16)), rng.normal(size=(20000, 16))
loss = lambda z, logits: gmm_loss(jax.numpy.tanh(z), jax.nn.softmax(logits)).loss
step = jax.jit(jax.value_and_grad(loss, (0, 1)))
jax.block_until_ready([step(z, logits) for _ in range(2)])
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
