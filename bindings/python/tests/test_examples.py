"""The worked example runs as it stands, and its figures are those of others."""

from __future__ import annotations

import csv
import importlib.util
import runpy
import tempfile
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture

from conftest import ROOT

EXAMPLES = ROOT / "bindings" / "python" / "examples"


@pytest.fixture
def ran(monkeypatch: Any, tmp_path: Any) -> dict[str, Any]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return runpy.run_path(str(EXAMPLES / "breast_cancer.py"))


def test_the_breast_cancer_example_finds_tumours(ran: dict[str, Any], capsys: Any) -> None:
    # The data are those that scikit-learn bundles: there 0 is malignant.
    data, target = load_breast_cancer(return_X_y=True)
    assert np.array_equal(ran["samples"], data)
    assert np.array_equal(ran["is_malignant"], target == 0)
    assert (len(ran["X"]), len(ran["Z"]), int(ran["y"].sum())) == (179, 390, 212)

    # One component has one maximum, so scikit-learn's fit is the same.
    benign = data[target == 1]
    mean, deviation = benign[::2].mean(axis=0), benign[::2].std(axis=0)
    theirs = GaussianMixture(1, reg_covar=1e-3).fit((benign[::2] - mean) / deviation)
    others = np.concatenate([benign[1::2], data[target == 0]])
    auc = roc_auc_score(np.arange(390) >= 178, -theirs.score_samples((others - mean) / deviation))
    assert ran["model"].n_components == 1
    assert ran["auc"] == pytest.approx(auc, abs=1e-9)
    assert round(ran["auc"], 3) == 0.954  # As README.md has it of the example in Rust.
    assert ran["bics"][0] == pytest.approx(5345.9, abs=0.1)
    assert np.argmin(ran["bics"]) == 0
    assert (-ran["model"].score_samples(ran["X"]) > ran["model"].threshold_).sum() == 8
    assert ran["found"][ran["y"]].mean() > 0.9 > 0.15 > ran["found"][~ran["y"]].mean()

    # What features contribute adds up to half the squared distance: all of an energy that depends
    # on the sample.
    constant = 0.5 * (30 * np.log(2 * np.pi) + np.linalg.slogdet(theirs.covariances_[0])[1])
    assert ran["shares"].sum() + constant == pytest.approx(ran["energies"].max(), rel=1e-9)

    assert ran["detector"].labels_.sum() == 39 and ran["M"].shape == (397, 30)
    assert ran["detector_auc"] > max(0.9, ran["plain_auc"] + 0.05)
    assert ran["path"].is_file()
    if importlib.util.find_spec("matplotlib"):
        (picture,) = ran["pictures"]
        assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 20_000


def test_the_file_has_the_columns_that_the_example_names(ran: dict[str, Any]) -> None:
    with (ROOT / "examples" / "data" / "breast_cancer.csv").open(newline="") as file:
        header = next(csv.reader(file))
    assert ran["features"] == header[1:] and len(header) == 31


def test_every_example_is_in_cells() -> None:
    examples = sorted(EXAMPLES.glob("*.py"))
    assert examples
    for example in examples:
        assert example.read_text().count("\n# %% ") >= 4, example.name
