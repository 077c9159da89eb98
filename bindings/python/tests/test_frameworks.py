"""What is below the modules of frameworks, and that nobody who has none of them notices them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import gmm
from conftest import Golden, golden_index
from frameworks import fitted
from gmm import _vjp

FRAMEWORKS = ["jax", "tensorflow", "torch"]
CASES = {
    case["name"]: case
    for case in golden_index("index.json")["cases"]
    if "ref.vjp_L" in case.get("arrays", {}) and not case.get("doc_only")
}
NAMES = ("phi", "mu", "cov", "L", "log_det_cov")


def python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_no_framework_is_imported_before_it_is_asked_for() -> None:
    python(
        "import gmm, sys\n"
        "from gmm import *\n"
        "[getattr(gmm, name) for name in dir(gmm)]\n"
        f"assert not set({FRAMEWORKS}) & set(sys.modules)"
    )


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_missing_framework_says_how_to_get_it(name: str) -> None:
    for statement in (f"import gmm.{name}", f"from gmm import {name}", f"gmm.{name}"):
        python(
            "import gmm, sys\n"
            f"sys.modules[{name!r}] = None\n"
            "try:\n"
            f"    {statement}\n"
            "except ImportError as error:\n"
            f"    assert 'pip install {name}' in str(error), error\n"
            "else:\n"
            "    raise AssertionError('it was imported')"
        )


@pytest.mark.parametrize("name", CASES)
def test_products_of_energies_are_the_reference(name: str) -> None:
    case = CASES[name]
    golden = Golden(case)
    if case["kind"] == "energy":
        parameters = [golden[f"in.{each}"] for each in NAMES]
    else:
        parameters = list(gmm.params(golden["in.z"], golden["in.gamma"], 1e-6))
    found = _vjp.energy_vjp(golden["in.z"], *parameters, golden["in.w"], 0.0)
    for array, got in zip(("z", *NAMES), found, strict=True):
        if array == "cov":
            # Of the reference, it has what is here that of factors and log-determinants.
            assert (got == 0).all()
            continue
        quantity = "vjp_log_det" if array == "log_det_cov" else f"vjp_{array}"
        allowed = case["tol"]["f64"][quantity]["atol"] + np.finfo(float).smallest_subnormal
        assert np.abs(got - golden[f"ref.{quantity}"]).max() <= allowed, quantity


def test_cov_diag_reaches_variances_alone() -> None:
    z, phi, mu, cov, chol, log_det = fitted(30, 3, 2)
    found = _vjp.energy_vjp(z, phi, mu, cov, chol, log_det, 0.0, 0.5)
    expected = np.stack([np.diag(-0.5 / np.diag(each) ** 2) for each in cov])
    np.testing.assert_allclose(found[3], expected, rtol=1e-14)
    assert all((each == 0).all() for at, each in enumerate(found) if at != 3 and each is not None)


def test_a_variance_of_zero_is_refused_where_cov_diag_counts_and_nowhere_else() -> None:
    z, phi, mu, cov, chol, log_det = fitted(30, 3, 2)
    cov[1, 2, 2] = 0
    with pytest.raises(gmm.OutOfRange, match="component 1, row 2, column 2"):
        _vjp.energy_vjp(z, phi, mu, cov, chol, log_det, 1.0, 0.5)
    found = _vjp.energy_vjp(z, phi, mu, cov, chol, log_det, 1.0, 0.0)
    assert all(np.isfinite(each).all() for each in found if each is not None)


def test_a_component_without_weight_changes_no_other_gradient() -> None:
    z, phi, mu, cov, chol, log_det = fitted(30, 3, 3)
    phi = np.array([0.25, 0.0, 0.75])
    kept = [0, 2]
    found = _vjp.energy_vjp(z, phi, mu, cov, chol, log_det, 1.0, 0.0)
    few = (each[kept] for each in (phi, mu, cov, chol, log_det))
    of_few = _vjp.energy_vjp(z, *few, 1.0, 0.0)
    for all_of_them, without in zip(found, of_few, strict=True):
        assert all_of_them is not None and without is not None
        assert np.isfinite(all_of_them).all()
        same = all_of_them if len(all_of_them) == len(z) else all_of_them[kept]
        np.testing.assert_allclose(same, without, rtol=1e-12, atol=1e-15)
    # That of its weight: -(1/n) sum_n N(z_n; mu_1, cov_1) / p(z_n).
    energies = gmm.energy(z, phi, mu, cov, chol, log_det, return_mean=False)[0]
    alone = (each[1:2] for each in (mu, cov, chol, log_det))
    of_it = gmm.energy(z, np.ones(1), *alone, return_mean=False)[0]
    assert found[1] is not None
    assert found[1][1] == pytest.approx(-np.exp(energies - of_it).mean(), rel=1e-12)


def test_what_is_not_wanted_is_none_and_what_is_none_is_zero() -> None:
    z, phi, mu, cov, chol, log_det = fitted(30, 3, 2, "float32")
    gamma = np.full((30, 2), 0.5, np.float32)
    d_mu: Any = np.ones((2, 3))
    only_z, nothing = _vjp.params_vjp(z, gamma, 1e-6, None, d_mu, None, None, None, (True, False))
    zeros = [np.zeros_like(each) for each in (phi, cov, chol, log_det)]
    both = _vjp.params_vjp(z, gamma, 1e-6, zeros[0], d_mu, *zeros[1:])
    assert nothing is None and only_z is not None and only_z.dtype == np.float32
    assert np.array_equal(only_z, both[0])
    # A weighted mean has its weights for a gradient: two of 1/30 each.
    np.testing.assert_allclose(only_z, np.full((30, 3), 2 / 30), rtol=1e-6)
    expected = [False, False, True, False, False, False]
    found = _vjp.energy_vjp(z, phi, mu, cov, chol, log_det, 1.0, 0.0, expected)
    assert [each is not None for each in found] == expected
