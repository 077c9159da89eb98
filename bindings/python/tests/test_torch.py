"""Losses of PyTorch tensors against the same losses in PyTorch's own operations."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
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

torch = pytest.importorskip("torch")
gmm_torch = pytest.importorskip("gmm.torch")


def plain_params(z: Any, gamma: Any, eps: float = 1e-6) -> Any:
    """All components at once, by what autograd knows."""
    sums = gamma.sum(0)
    phi, mu = sums / len(z), torch.einsum("nk,ni->ki", gamma, z) / sums[:, None]
    centred = z[:, None] - mu
    cov = torch.einsum("nk,nki,nkj->kij", gamma, centred, centred) / sums[:, None, None]
    chol = torch.linalg.cholesky(cov + eps * torch.eye(z.shape[1], dtype=z.dtype))
    log_det = 2 * torch.log(torch.diagonal(chol, dim1=1, dim2=2)).sum(1)
    return phi, mu, cov, chol, log_det


def plain_energy(
    z: Any, phi: Any, mu: Any, cov: Any, L: Any, log_det_cov: Any, return_mean: bool = True
) -> Any:
    centred = (z[:, None] - mu).permute(1, 2, 0)
    white = torch.linalg.solve_triangular(L, centred, upper=False)
    constants = torch.log(phi) - 0.5 * (log_det_cov + z.shape[1] * math.log(2 * math.pi))
    energy = -torch.logsumexp(constants[:, None] - 0.5 * white.square().sum(1), 0)
    cov_diag = (1 / torch.diagonal(cov, dim1=1, dim2=2)).sum()
    return (energy.mean() if return_mean else energy), cov_diag


def leaves(arrays: Any, dtype: Any = None) -> list[Any]:
    return [torch.tensor(each, dtype=dtype, requires_grad=True) for each in arrays]


def compare(ours: Any, plain: Any, arrays: Any, real: str) -> None:
    """Values of two functions and their gradients, by cotangents that are random."""
    given, wide = leaves(arrays), leaves(arrays, torch.float64)
    got, expected = ours(*given), plain(*wide)
    for each, other in zip(got, expected, strict=True):
        assert_close(each.detach(), other.detach(), real)
    weights = [torch.tensor(each) for each in cotangents(other.detach() for other in expected)]
    torch.autograd.backward(got, [each.to(given[0].dtype) for each in weights])
    torch.autograd.backward(expected, weights)
    for each, other in zip(given, wide, strict=True):
        assert_close(each.grad, other.grad, real)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("shape", SHAPES)
def test_params_are_those_of_plain_operations(shape: Any, real: str) -> None:
    compare(gmm_torch.gmm_params, plain_params, drawn(*shape, real), real)


@pytest.mark.parametrize("return_mean", [True, False])
@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("shape", SHAPES)
def test_energies_are_those_of_plain_operations(shape: Any, real: str, return_mean: bool) -> None:
    compare(
        lambda *given: gmm_torch.gmm_energy(*given, return_mean=return_mean),
        lambda *given: plain_energy(*given, return_mean=return_mean),
        fitted(*shape, real),
        real,
    )


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_loss_is_that_of_plain_operations(shape: Any, real: str) -> None:
    def plain(z: Any, gamma: Any) -> Any:
        energy, cov_diag = plain_energy(z, *plain_params(z, gamma, 1e-4))
        return (0.5 * energy + 0.25 * cov_diag,)

    def ours(z: Any, gamma: Any) -> Any:
        return (gmm_torch.gmm_loss(z, gamma, 1e-4, w_energy=0.5, w_cov_diag=0.25).loss,)

    compare(ours, plain, drawn(*shape, real), real)


@pytest.mark.parametrize("real", REALS)
def test_golden_gradients_come_back(real: str) -> None:
    compared = 0
    for name, z, gamma, (w_energy, w_cov_diag), expected in golden_losses(real):
        given = leaves((z, gamma))
        loss = gmm_torch.gmm_loss(*given, w_energy=w_energy, w_cov_diag=w_cov_diag).loss
        for got, (golden, allowed) in zip(torch.autograd.grad(loss, given), expected, strict=True):
            assert np.abs(got.numpy() - golden).max() <= allowed, name
            compared += 1
    assert compared > 100


def views(n: int, d: int, k: int) -> list[Any]:
    """Samples along columns, and every second column of responsibilities."""
    z, gamma = drawn(n, d, k)
    wide = np.repeat(gamma, 2, axis=1)
    return [
        torch.tensor(z.T.copy()).T.requires_grad_(),
        torch.tensor(wide)[:, ::2].requires_grad_(),
    ]


@pytest.mark.parametrize("shape", [(6, 1, 2), (7, 2, 1), (9, 3, 2)])
def test_gradients_are_those_of_differences(shape: Any) -> None:
    # gradcheck allows 1e-5 absolutely and 1e-3 relatively, of central differences by 1e-6.
    def loss(z: Any, gamma: Any) -> Any:
        return gmm_torch.gmm_loss(z, gamma, 1e-2, w_cov_diag=0.5).loss

    def params(z: Any, gamma: Any) -> Any:
        return gmm_torch.gmm_params(z, gamma, 1e-2)

    for given in (leaves(drawn(*shape)), views(*shape)):
        assert torch.autograd.gradcheck(loss, given)
        assert torch.autograd.gradcheck(params, given)
    given = leaves(fitted(*shape))
    for return_mean in (True, False):
        assert torch.autograd.gradcheck(gmm_torch.gmm_energy, (*given, return_mean))
    across = [each.transpose(0, -1).contiguous().transpose(0, -1) for each in given]
    across = [each.detach().requires_grad_() for each in across]
    assert torch.autograd.gradcheck(gmm_torch.gmm_energy, across)


def test_strided_tensors_are_read_where_they_are(monkeypatch: Any) -> None:
    z, gamma = views(20, 3, 2)
    seen = spy(monkeypatch, gmm._loss, "loss")
    gmm_torch.gmm_loss(z, gamma)
    for tensor, array in zip((z, gamma), seen[0][0], strict=True):
        assert array.__array_interface__["data"][0] == tensor.data_ptr()
        assert array.strides == tuple(8 * stride for stride in tensor.stride())


def spy(monkeypatch: Any, module: Any, name: str) -> list[Any]:
    """The arguments of the calls of a function, from now on."""
    calls: list[Any] = []
    function = getattr(module, name)

    def noting(*args: Any, **kwargs: Any) -> Any:
        calls.append((args, kwargs))
        return function(*args, **kwargs)

    monkeypatch.setattr(module, name, noting)
    return calls


def trained(functions: Any) -> list[float]:
    """The losses of a small deep mixture, written for alibi-detect's two functions."""
    torch.manual_seed(0)
    gmm_params, gmm_energy = functions.gmm_params, functions.gmm_energy
    samples = torch.tensor(drawn(60, 4, 2)[0])
    encoder = torch.nn.Linear(4, 2, dtype=torch.float64)
    decoder = torch.nn.Linear(2, 4, dtype=torch.float64)
    density = torch.nn.Linear(2, 2, dtype=torch.float64)
    layers = torch.nn.ModuleList([encoder, decoder, density])
    optimiser = torch.optim.Adam(layers.parameters(), lr=1e-2)
    losses = []
    for _ in range(10):
        z = encoder(samples)
        gamma = density(torch.tanh(z)).softmax(dim=-1)
        phi, mu, cov, L, log_det_cov = gmm_params(z, gamma)
        energy, cov_diag = gmm_energy(z, phi, mu, cov, L, log_det_cov, return_mean=True)
        distance = (decoder(z) - samples).square().mean()
        loss = distance + 0.1 * energy + 0.005 * cov_diag
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def test_a_training_loop_needs_another_import_and_nothing_else() -> None:
    plain = trained(SimpleNamespace(gmm_params=plain_params, gmm_energy=plain_energy))
    ours = trained(gmm_torch)
    # Ten steps, of which each has the rounding of those before it.
    assert ours == pytest.approx(plain, rel=1e-9)
    assert ours[-1] < ours[0]


def test_second_derivatives_are_refused() -> None:
    def by_parts(z: Any, gamma: Any) -> Any:
        return sum(gmm_torch.gmm_energy(z, *gmm_torch.gmm_params(z, gamma)))

    def fused(z: Any, gamma: Any) -> Any:
        return gmm_torch.gmm_loss(z, gamma).loss

    for function in (by_parts, fused):
        for at in range(2):
            given = leaves(drawn(30, 3, 2))
            gradients = torch.autograd.grad(function(*given), given, create_graph=True)
            assert all(each.requires_grad for each in gradients)
            with pytest.raises(NotImplementedError, match=f"gmm.torch {SECOND}"):
                torch.autograd.grad(gradients[at].sum(), given)
        given = leaves(drawn(30, 3, 2))
        with pytest.raises(NotImplementedError, match=SECOND):
            torch.autograd.functional.hessian(lambda z, g=given[1], f=function: f(z, g), given[0])


def test_refused_input_is_an_error_of_gmm() -> None:
    z, gamma = (torch.tensor(each) for each in drawn(30, 3, 2))
    for function in (gmm_torch.gmm_params, gmm_torch.gmm_loss):
        with pytest.raises(gmm.NotFinite, match="samples"):
            function(torch.where(z > 1, torch.nan, z), gamma)
        with pytest.raises(gmm.EmptyComponent):
            function(z, gamma * torch.tensor([1.0, 0.0]))
        with pytest.raises(gmm.InvalidInput):
            function(z[:-1], gamma)
    parameters = gmm_torch.gmm_params(z, gamma)
    with pytest.raises(ValueError, match="features"):
        gmm_torch.gmm_energy(z[:, :2], *parameters)
    energy = gmm_torch.gmm_energy(z.requires_grad_(), *parameters)[0]
    with pytest.raises(gmm.NotFinite, match="cotangents"):
        energy.backward(torch.tensor(torch.nan, dtype=torch.float64))


def test_no_gradient_is_computed_where_none_is_needed(monkeypatch: Any) -> None:
    seen = spy(monkeypatch, gmm._loss, "loss")
    z, gamma = leaves(drawn(30, 3, 2))
    with torch.no_grad():
        assert not gmm_torch.gmm_loss(z, gamma).loss.requires_grad
    with torch.inference_mode():
        gmm_torch.gmm_loss(z, gamma)
    gmm_torch.gmm_loss(z.detach(), gamma.detach())
    assert gmm_torch.gmm_loss(z, gamma.detach()).loss.requires_grad
    assert [call[1]["gradients"] for call in seen] == [False, False, False, True]
    products = [spy(monkeypatch, gmm._vjp, name) for name in ("params_vjp", "energy_vjp")]
    parameters = gmm_torch.gmm_params(z, gamma.detach())
    sum(gmm_torch.gmm_energy(z.detach(), *parameters)).backward()
    assert [calls[0][0][-1] for calls in products] == [(True, False), (False, *[True] * 5)]


def test_a_tensor_that_needs_no_gradient_gets_none() -> None:
    for at in range(2):
        given = leaves(drawn(30, 3, 2))
        given[at].requires_grad_(False)
        gmm_torch.gmm_loss(*given).loss.backward()
        sum(gmm_torch.gmm_energy(given[0], *gmm_torch.gmm_params(*given))).backward()
        assert given[at].grad is None and given[1 - at].grad is not None


def test_the_two_values_beside_the_loss_have_no_gradients() -> None:
    got = gmm_torch.gmm_loss(*leaves(drawn(30, 3, 2)), w_energy=0.5, w_cov_diag=0.25)
    assert got.loss.requires_grad
    assert not got.mean_energy.requires_grad and not got.cov_diag.requires_grad
    assert got.loss.item() == pytest.approx(
        0.5 * got.mean_energy.item() + 0.25 * got.cov_diag.item(), rel=1e-14
    )


def test_batches_that_make_no_mixture_can_be_trained_on() -> None:
    z, gamma = leaves(drawn(30, 3, 2))
    flat = torch.cat([z[:, :2], torch.ones(30, 1, dtype=z.dtype)], dim=1)
    absent = gamma * torch.tensor([1.0, 0.0])
    options = {"eps": 0.0, "w_cov_diag": 0.0}
    with pytest.raises(gmm.EmptyComponent):
        gmm_torch.gmm_loss(flat, absent, **options, ridge_limit=1e-2)
    with pytest.raises(gmm.NotPositiveDefinite):
        gmm_torch.gmm_loss(flat, absent, **options, drop_empty=True)
    gmm_torch.gmm_loss(flat, absent, **options, ridge_limit=1e-2, drop_empty=True).loss.backward()
    assert torch.isfinite(z.grad).all() and (z.grad[:, :2] != 0).all()
    assert torch.isfinite(gamma.grad).all() and (gamma.grad[:, 1] == 0).all()


def test_running_moments_take_every_batch_once() -> None:
    running, alone = gmm.RunningMoments(0.5), gmm.RunningMoments(0.5)
    for seed in range(3):
        given = drawn(30, 3, 2, seed=seed)
        z, gamma = leaves(given)
        gmm_torch.gmm_loss(z, gamma, running=running).loss.backward()
        expected = gmm.loss(*given, running=alone)
        assert np.array_equal(z.grad, expected.d_z) and np.array_equal(gamma.grad, expected.d_gamma)
    assert running.n_batches == 3


def test_upstream_gradients_scale_the_loss() -> None:
    z, gamma = leaves(drawn(30, 3, 2))
    gmm_torch.gmm_loss(z, gamma).loss.backward()
    once = z.grad.clone()
    (3 * gmm_torch.gmm_loss(z, gamma).loss).backward()
    torch.testing.assert_close(z.grad, 4 * once, rtol=1e-14, atol=0)


def test_functional_gradients_are_those_of_backward() -> None:
    z, gamma = leaves(drawn(30, 3, 2))
    gmm_torch.gmm_loss(z, gamma).loss.backward()
    gradients = torch.func.grad(lambda *given: gmm_torch.gmm_loss(*given).loss, argnums=(0, 1))
    of_z, of_gamma = gradients(z.detach(), gamma.detach())
    assert torch.equal(of_z, z.grad) and torch.equal(of_gamma, gamma.grad)


def test_threads_change_no_bit() -> None:
    arrays = drawn(4000, 3, 2)

    def gradient(_: int = 0) -> Any:
        z, gamma = leaves(arrays)
        gmm_torch.gmm_loss(z, gamma).loss.backward()
        sum(gmm_torch.gmm_energy(z, *gmm_torch.gmm_params(z, gamma))).backward()
        return z.grad

    with gmm.thread_limit(1):
        one = gradient()
    with gmm.thread_limit(3):
        assert torch.equal(gradient(), one)
    with ThreadPoolExecutor(4) as pool:
        assert all(torch.equal(each, one) for each in pool.map(gradient, range(8)))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int64", "complex64"])
def test_other_types_are_refused(dtype: str) -> None:
    z, gamma = (torch.tensor(each) for each in drawn(30, 3, 2))
    for function in (gmm_torch.gmm_params, gmm_torch.gmm_loss):
        with pytest.raises(TypeError, match=f"z is of type {dtype}; pass float32 or float64"):
            function(z.to(getattr(torch, dtype)), gamma)
        with pytest.raises(TypeError, match=f"gamma is of type {dtype}"):
            function(z, gamma.to(getattr(torch, dtype)))
    parameters = list(gmm_torch.gmm_params(z, gamma))
    parameters[4] = parameters[4].to(getattr(torch, dtype))
    with pytest.raises(TypeError, match=f"log_det_cov is of type {dtype}"):
        gmm_torch.gmm_energy(z, *parameters)


def test_types_are_not_mixed_and_arrays_are_no_tensors() -> None:
    z, gamma = (torch.tensor(each) for each in drawn(30, 3, 2))
    with pytest.raises(TypeError, match="gamma is of type float32 and z of float64"):
        gmm_torch.gmm_loss(z, gamma.float())
    with pytest.raises(TypeError, match=r"z is of type ndarray; pass a torch\.Tensor"):
        gmm_torch.gmm_loss(z.numpy(), gamma)
