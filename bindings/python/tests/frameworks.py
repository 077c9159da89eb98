"""What the tests of ``gmm.torch``, ``gmm.jax`` and ``gmm.tensorflow`` have in common.

Values and gradients are held against the framework's own differentiation of a plain loss in its
own operations, always in float64: of the very numbers that a float32 has.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import gmm
from conftest import Golden, golden_index

#: Samples, features, components.
SHAPES = [(12, 1, 1), (30, 3, 2), (50, 4, 3), (90, 8, 2)]
REALS = ["float64", "float32"]

#: Of the largest value. Condition numbers of the covariances that are drawn are 32 at most, and
#: their gradients amplify rounding by the square of that: 1e3 times 2e-16, a few times. In float32
#: samples are whitened in float, which the condition number enters once: 32 times 1e-7, a few
#: times; sums and factors are double.
TOLERANCE = {"float64": 1e-12, "float32": 5e-5}

#: What every refusal of a second derivative says.
SECOND = "has no second derivatives; use the framework's own operations"


def drawn(n: int, d: int, k: int, real: str = "float64", seed: int = 0) -> tuple[Any, Any]:
    """Samples (n, d) and responsibilities (n, k) whose rows sum to 1."""
    rng = np.random.default_rng(seed)
    centres = 2 * rng.normal(size=(k, d))
    labels = np.arange(n) % k
    z = centres[labels] + rng.normal(size=(n, d))
    gamma = rng.dirichlet(np.ones(k), size=n) * 0.7 + 0.3 * np.eye(k)[labels]
    return z.astype(real), gamma.astype(real)


def assert_close(got: Any, expected: Any, real: str) -> None:
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.dtype == real and got.shape == expected.shape
    allowed = TOLERANCE[real] * max(np.abs(expected).max(), 1e-3)
    assert np.abs(got - expected).max() <= allowed


def cotangents(like: Any, seed: int = 1) -> list[Any]:
    """Numbers near 1 of the shapes of ``like``, with every digit of a float32 and no more."""
    rng = np.random.default_rng(seed)
    shapes = [np.shape(each) for each in like]
    return [rng.normal(size=shape).astype(np.float32).astype(np.float64) for shape in shapes]


def fitted(n: int, d: int, k: int, real: str = "float64") -> tuple[Any, ...]:
    """Samples and the parameters of a mixture, as ``gmm_energy`` takes them."""
    z, gamma = drawn(n, d, k)
    phi, mu, cov, chol, log_det = gmm.params(z, gamma)
    # Of a variance that is not that of the factors: they count as independent.
    return tuple(each.astype(real) for each in (z, phi, mu, 1.25 * cov, chol, log_det + 0.5))


def golden_losses(real: str) -> Any:
    """Golden gradients of the loss: name, samples, responsibilities, weights, and by input."""
    for case in golden_index("index.json")["cases"]:
        if case.get("doc_only") or case["kind"] == "energy":
            continue
        if real == "float32" and not case["inputs_are_float32"]:
            continue
        golden, tolerance = Golden(case), case["tol"][{"float64": "f64", "float32": "f32"}[real]]
        z, gamma = golden["in.z"].astype(real), golden["in.gamma"].astype(real)
        for name, weights in (("g_energy", (1.0, 0.0)), ("g_covdiag", (0.0, 1.0))):
            both = f"{name}_z", f"{name}_gamma"
            if any(each in case["unstable"] or each not in tolerance for each in both):
                continue
            # What is smaller than the smallest number of the type has no digits.
            least = np.finfo(real).smallest_subnormal
            expected = [(golden[f"ref.{each}"], tolerance[each]["atol"] + least) for each in both]
            yield case["name"], z, gamma, weights, expected
