"""scikit-learn 1.9.1's fits from given starts, iteration by iteration, and 256-bit references."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import gmm
from conftest import GOLDEN, Golden, golden_index

EM = golden_index("em_index.json")
CASES = {case["name"]: case for case in EM["cases"]}
REFERENCE = {case["name"]: case for case in golden_index("index.json")["cases"]}


def close(got: Any, expected: Any, tolerance: float) -> bool:
    """Within the tolerance of the index, relative to the largest."""
    return bool(np.abs(np.asarray(got) - expected).max() <= tolerance * np.abs(expected).max())


@pytest.mark.parametrize("name", CASES)
def test_a_fit_is_that_of_scikit_learn(name: str) -> None:
    case = CASES[name]
    data = EM["data"][case["data"]]
    X = np.load(GOLDEN / data["file"]).reshape(data["shape"])
    golden, tolerance = Golden(case), case["tol_max_norm_relative"]
    estimator = gmm.GaussianMixture(
        case["K"],
        covariance_type=case["covariance_type"],
        tol=case["tol"],
        reg_covar=case["reg_covar"],
        max_iter=case["max_iter"],
        weights_init=golden["weights_init"],
        means_init=golden["means_init"],
        precisions_init=golden["precisions_init"],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(X)
    assert estimator.converged_ == case["converged"]
    assert estimator.n_iter_ == case["n_iter"] == len(estimator.lower_bounds_)
    for array in ("weights", "means", "covariances", "precisions_cholesky", "lower_bound"):
        shape = golden[array].shape
        assert close(
            np.reshape(getattr(estimator, f"{array}_"), shape), golden[array], tolerance[array]
        )
    assert close(estimator.lower_bounds_, golden["lower_bounds"], tolerance["lower_bound"])
    for array, value in (
        ("score", estimator.score(X)),
        ("aic", estimator.aic(X)),
        ("bic", estimator.bic(X)),
    ):
        assert close(value, golden[array], tolerance[array]), array
    rows = len(golden["proba_rows"])
    proba, scores = estimator.predict_proba(X), estimator.score_samples(X)
    assert close(proba[:rows], golden["proba_rows"], tolerance["proba_rows"])
    assert close(scores[:rows], golden["score_samples_rows"], tolerance["score_samples_rows"])
    assert np.array_equal(estimator.predict(X), golden["labels"].astype(int))


@pytest.mark.parametrize("dtype", ["f64", "f32"])
@pytest.mark.parametrize(
    "name", [n for n, c in REFERENCE.items() if "ref.phi" in c.get("arrays", {})]
)
def test_params_and_energy_are_the_reference(name: str, dtype: str) -> None:
    case = REFERENCE[name]
    if case.get("doc_only") or (dtype == "f32" and not case.get("inputs_are_float32")):
        pytest.skip("a case that is not to be compared in this type")
    golden, tolerance = Golden(case), case["tol"][dtype]
    real = {"f64": np.float64, "f32": np.float32}[dtype]
    z, gamma = golden["in.z"].astype(real), golden["in.gamma"].astype(real)
    try:
        fitted = gmm.params(z, gamma)
    except gmm.Error:
        assert dtype == "f32"
        return
    names = ("phi", "mu", "cov", "L", "log_det_cov")
    got = dict(zip(names, fitted, strict=True))
    got["sample_energy"], got["cov_diag"] = gmm.energy(z, *fitted, return_mean=False)
    got["mean_energy"], again = gmm.energy(z, *fitted)
    assert again == got["cov_diag"]
    for array, values in got.items():
        assert np.asarray(values).dtype == real
        if array not in tolerance or array in case["unstable"]:
            continue
        expected = np.reshape(golden[f"ref.{array}"], np.shape(values))
        size = scale(tolerance[array].get("scale"), golden["ref.cov"], expected)
        allowed = tolerance[array]["atol"] + tolerance[array]["rtol"] * size
        # What is smaller than the smallest number of the type has no digits.
        allowed += np.finfo(real).smallest_subnormal
        finite = np.isfinite(expected)
        assert (np.abs(values - expected)[finite] <= allowed[finite]).all(), array


def scale(kind: str | None, cov: Any, expected: Any) -> Any:
    """What a relative tolerance is relative to: the value, or deviations, the ridge included."""
    deviations = np.sqrt(np.einsum("kii->ki", cov) + 1e-6)
    if kind == "sqrt_SiiSjj":
        return deviations[:, :, None] * deviations[:, None, :]
    if kind == "sqrt_Sii":
        return np.broadcast_to(deviations[:, :, None], cov.shape)
    return np.abs(expected)
