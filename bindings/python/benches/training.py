"""Times of loss and gradients in training, compared with the same loss in framework operations.

::

    python benches/training.py [torch] [jax]

In float32, for all installed frameworks unless some are named. Both losses alternate on the same
batch. The framework operations are batched over components, and JAX's are compiled.
"""

from __future__ import annotations

import importlib.util
import math
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

#: Samples, features, components.
SHAPES = [(1024, 4, 2), (256, 8, 4), (20_000, 16, 8)]
#: Seconds for which a shape is measured, and the minimum number of runs.
SECONDS, LEAST = 3.0, 7

#: Makes the calls for samples and logits: this library's and the framework's.
Calls = Callable[[Any, Any], dict[str, Callable[[], object]]]


def of_torch(z: Any, logits: Any) -> dict[str, Callable[[], object]]:
    import torch

    import gmm.torch

    def plain(z: Any, gamma: Any) -> Any:
        (n, d), sums = z.shape, gamma.sum(0)
        mu = gamma.T @ z / sums[:, None]
        centred = z.T - mu[:, :, None]
        cov = (centred * gamma.T[:, None]) @ centred.transpose(1, 2) / sums[:, None, None]
        chol = torch.linalg.cholesky(cov + 1e-6 * torch.eye(d))
        white = torch.linalg.solve_triangular(chol, centred, upper=False)
        log_det = 2 * chol.diagonal(dim1=1, dim2=2).log().sum(1)
        constants = (sums / n).log() - 0.5 * (log_det + d * math.log(2 * math.pi))
        energy = -(constants[:, None] - 0.5 * white.square().sum(1)).logsumexp(0).mean()
        return energy + 0.005 * cov.diagonal(dim1=1, dim2=2).reciprocal().sum()

    given = [torch.tensor(each, requires_grad=True) for each in (z, logits)]

    def call(loss: Callable[..., Any]) -> Callable[[], object]:
        return lambda: torch.autograd.grad(loss(given[0], given[1].softmax(1)), given)

    return {
        "gmm.torch": call(lambda z, gamma: gmm.torch.gmm_loss(z, gamma).loss),
        "torch": call(plain),
    }


def of_jax(z: Any, logits: Any) -> dict[str, Callable[[], object]]:
    import jax
    import jax.numpy as jnp

    import gmm.jax

    def plain(z: Any, gamma: Any) -> Any:
        (n, d), sums = z.shape, gamma.sum(0)
        mu = gamma.T @ z / sums[:, None]
        centred = z.T - mu[:, :, None]
        cov = (centred * gamma.T[:, None]) @ centred.transpose(0, 2, 1) / sums[:, None, None]
        chol = jnp.linalg.cholesky(cov + 1e-6 * jnp.eye(d))
        white = jax.scipy.linalg.solve_triangular(chol, centred, lower=True)
        log_det = 2 * jnp.log(jnp.diagonal(chol, axis1=1, axis2=2)).sum(1)
        constants = jnp.log(sums / n) - 0.5 * (log_det + d * math.log(2 * math.pi))
        parts = constants[:, None] - 0.5 * (white**2).sum(1)
        energy = -jax.scipy.special.logsumexp(parts, axis=0).mean()
        return energy + 0.005 * (1 / jnp.diagonal(cov, axis1=1, axis2=2)).sum()

    given = [jnp.asarray(each) for each in (z, logits)]

    def call(loss: Callable[..., Any]) -> Callable[[], object]:
        of_logits = lambda z, logits: loss(z, jax.nn.softmax(logits))  # noqa: E731
        step = jax.jit(jax.value_and_grad(of_logits, (0, 1)))
        return lambda: jax.block_until_ready(step(*given))

    return {
        "gmm.jax": call(lambda z, gamma: gmm.jax.gmm_loss(z, gamma).loss),
        "jax": call(plain),
    }


FRAMEWORKS: dict[str, Calls] = {"torch": of_torch, "jax": of_jax}


def measured(calls: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Seconds of every run of each call; calls alternate. The first two runs are warm-up."""
    runs: dict[str, list[float]] = {name: [] for name in calls}
    begun = time.perf_counter()
    while time.perf_counter() - begun < SECONDS or len(runs[next(iter(runs))]) < LEAST + 2:
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            runs[name].append(time.perf_counter() - start)
    return {name: seconds[2:] for name, seconds in runs.items()}


def main() -> None:
    names = sys.argv[1:] or [name for name in FRAMEWORKS if importlib.util.find_spec(name)]
    rng = np.random.default_rng(0)
    print(f"{'n x d x k':14} {'':10} {'minimum ms':>11} {'median ms':>10}")
    for n, d, k in SHAPES:
        z = rng.normal(size=(n, d)).astype(np.float32)
        logits = rng.normal(size=(n, k)).astype(np.float32)
        for framework in names:
            for name, seconds in measured(FRAMEWORKS[framework](z, logits)).items():
                best, middle = 1e3 * min(seconds), 1e3 * statistics.median(seconds)
                print(f"{f'{n} x {d} x {k}':14} {name:10} {best:11.3f} {middle:10.3f}")


if __name__ == "__main__":
    main()
