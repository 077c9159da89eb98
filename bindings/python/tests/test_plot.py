"""Pictures show what the models say, and say what they need when matplotlib is missing."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import gmm
import gmm.alibi

COVARIANCE = [[5.0, 3.0, 0.5], [3.0, 5.0, 0.2], [0.5, 0.2, 1.0]]


@pytest.fixture
def plt() -> Any:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


@pytest.fixture
def mixture() -> gmm.Mixture:
    return gmm.Mixture(
        [0.5, 0.5], [[0.0, 0.0, 1.0], [9.0, 2.0, 3.0]], [COVARIANCE, np.diag([1.0, 4.0, 9.0])]
    )


def test_ellipses_are_those_of_the_marginals(plt: Any, mixture: gmm.Mixture) -> None:
    ax = gmm.plot.ellipses(mixture, n_std=(1, 3))
    assert len(ax.patches) == 4
    # Of [[5, 3], [3, 5]] the axes are at 45 degrees, with variances 8 and 2.
    outer, inner = ax.patches[:2]
    for ellipse, radius in ((outer, 3.0), (inner, 1.0)):
        assert ellipse.width == pytest.approx(2.0 * radius * np.sqrt(8.0))
        assert ellipse.height == pytest.approx(2.0 * radius * np.sqrt(2.0))
        assert ellipse.angle % 180.0 == pytest.approx(45.0)
        assert tuple(ellipse.center) == (0.0, 0.0)
    other = gmm.plot.ellipses(mixture, features=(2, 0), n_std=2)
    assert len(other.patches) == 2 and other is not ax
    last = other.patches[1]
    assert tuple(last.center) == (3.0, 9.0)
    assert {round(last.width, 9), round(last.height, 9)} == {12.0, 4.0}
    assert (other.get_xlabel(), other.get_ylabel()) == ("feature 2", "feature 0")
    assert sorted(text.get_text() for text in other.texts) == ["0", "1"]
    # Every ellipse is inside what is shown.
    (low, high), bottom_top = ax.get_xlim(), ax.get_ylim()
    assert low <= -3.0 * np.sqrt(5.0) and high >= 12.0
    assert bottom_top[0] <= -3.0 * np.sqrt(5.0) and bottom_top[1] >= 8.0


@pytest.mark.parametrize("structure", ["full", "tied", "diag", "spherical"])
def test_samples_are_drawn_as_their_components(plt: Any, blobs: Any, structure: str) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(blobs, columns=["a", "b", "c", "d"])
    model = gmm.GaussianMixture(3, covariance_type=structure, random_state=0).fit(frame)
    _, ax = plt.subplots()
    assert gmm.plot.ellipses(model, frame, ax, features=(1, 3)) is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("b", "d")
    drawn = sorted(len(points.get_offsets()) for points in ax.collections)
    assert drawn == sorted(np.bincount(model.predict(frame)))
    markers = {points.get_paths()[0].vertices.tobytes() for points in ax.collections}
    assert len(markers) == 3


def test_what_cannot_be_drawn_is_refused(plt: Any, mixture: gmm.Mixture) -> None:
    for features in ((0, 3), (1, 1), (-1, 0)):
        with pytest.raises(ValueError, match="pass two different ones below 3"):
            gmm.plot.ellipses(mixture, features=features)
    with pytest.raises(ValueError, match="there are no energies"):
        gmm.plot.energies([])
    with pytest.raises(ValueError, match="no energy is finite"):
        gmm.plot.energies([np.inf])
    with pytest.raises(ValueError, match=r"labels have the shape \(1,\); pass \(2,\)"):
        gmm.plot.energies([1.0, 2.0], labels=[0])
    with pytest.raises(ValueError, match=r"there are 1 names and 2 classes"):
        gmm.plot.energies([1.0, 2.0], labels=[0, 1], names=["one"])
    with pytest.raises(ValueError, match="there is no curve"):
        gmm.plot.criteria([1, 2])
    with pytest.raises(ValueError, match=r"bic has the shape \(1,\); pass \(2,\)"):
        gmm.plot.criteria([1, 2], bic=[1.0])


@pytest.mark.parametrize("tail", [[], [500.0, 40_000.0]])
@pytest.mark.parametrize("offset", [0.0, -300.0])
def test_every_energy_is_in_the_histogram(plt: Any, tail: list[float], offset: float) -> None:
    energies = offset + np.concatenate([np.random.default_rng(2).normal(10.0, 2.0, 500), tail])
    ax = gmm.plot.energies(energies, threshold=offset + 15.0)
    # The outline has a corner at every edge of a bin.
    corners = ax.patches[0].get_path().vertices
    edges = np.unique(corners[:, 0])
    assert len(edges) == 41
    counts = np.histogram(energies, edges)[0]
    assert counts.sum() == len(energies) and counts.max() == corners[:, 1].max()
    assert 20 < counts.max() < 200
    (line,) = ax.lines
    assert line.get_xdata()[0] == offset + 15.0
    label = ax.get_legend().get_texts()[0].get_text()
    assert f"{(energies > offset + 15.0).sum()} of {len(energies)} above" in label
    ticks = [tick for tick in ax.get_xticks() if edges[0] <= tick <= edges[-1]]
    assert 3 <= len(ticks) <= 12
    assert (ax.get_xscale() == "function") == bool(tail)


def test_classes_are_drawn_apart_and_named(plt: Any) -> None:
    energies, labels = np.arange(10.0), np.arange(10) % 2
    names: Any
    for names in (["good", "bad"], {1: "bad", 0: "good"}):
        ax = gmm.plot.energies(energies, labels=labels, names=names)
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
        assert texts == ["good (5)", "bad (5)"]
        assert len({patch.get_hatch() for patch in ax.patches}) == 2
    ax = gmm.plot.energies(energies, labels=["b"] * 5 + ["a"] * 5)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a (5)", "b (5)"]


def test_criteria_mark_the_least(plt: Any) -> None:
    ax = gmm.plot.criteria([1, 2, 4, 8], bic=[9.0, 4.0, 5.0, np.nan], full=[7.0, 6.0, 5.0, 8.0])
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["BIC, least at 2", "full, least at 4"]
    marks = [line.get_xydata()[0].tolist() for line in ax.lines if len(line.get_xydata()) == 1]
    assert marks == [[2.0, 4.0], [4.0, 5.0]]


def heights(ax: Any) -> list[list[float]]:
    """Where the outlines of histograms and curves are."""
    return [patch.get_path().vertices.tolist() for patch in ax.patches]


def test_energies_of_a_model_are_those_of_its_numbers(plt: Any, blobs: Any) -> None:
    labels = np.repeat([0, 1], 300)
    estimator = gmm.GaussianMixture(3, contamination=0.1, random_state=0).fit(blobs)
    detector = gmm.OutlierDetector(0.2, random_state=0).fit(blobs)
    judge = gmm.alibi.OutlierDetector(50.0, detector=detector)
    of_mixture = estimator.mixture_.energies(blobs)
    for model, numbers, threshold in (
        (estimator.mixture_, of_mixture, None),
        (estimator, of_mixture, estimator.threshold_),
        (detector, detector.decision_function(blobs), detector.threshold_),
        (judge, detector.decision_function(blobs), 50.0),
    ):
        drawn = gmm.plot.energies(model, blobs, labels=labels)
        expected = gmm.plot.energies(numbers, threshold, labels=labels)
        assert heights(drawn) == heights(expected)
        assert len(drawn.lines) == len(expected.lines) == (threshold is not None)
        own = gmm.plot.energies(model, X=blobs, threshold=7.0)
        assert own.lines[0].get_xdata()[0] == 7.0
    ax = plt.subplots()[1]
    assert gmm.plot.energies(of_mixture, 9.0, ax) is ax
    assert gmm.plot.energies(of_mixture, threshold=9.0, ax=ax) is ax
    with pytest.raises(ValueError, match="energies of a model need samples"):
        gmm.plot.energies(estimator)


def test_criteria_of_an_estimator_are_those_of_its_clones(plt: Any, blobs: Any) -> None:
    estimator = gmm.GaussianMixture(9, covariance_type="diag", random_state=0)
    ax = gmm.plot.criteria(estimator, blobs, up_to=4)
    fits = [
        gmm.GaussianMixture(k, covariance_type="diag", random_state=0).fit(blobs)
        for k in (1, 2, 3, 4)
    ]
    for curve, name in zip(ax.lines[::2], ("bic", "aic"), strict=True):
        assert curve.get_xdata().tolist() == [1, 2, 3, 4]
        assert curve.get_ydata().tolist() == [getattr(fit, name)(blobs) for fit in fits]
    assert estimator.n_components == 9 and not hasattr(estimator, "means_")
    with pytest.raises(ValueError, match="criteria of an estimator need samples"):
        gmm.plot.criteria(estimator)
    with pytest.warns(gmm.RepairWarning, match="held up by the ridge alone"):
        ax = gmm.plot.criteria(estimator, blobs[:2], up_to=8)
    assert len(ax.lines[0].get_xdata()) == 2


def test_the_one_mixture_of_a_detector_is_drawn(plt: Any, blobs: Any) -> None:
    detector = gmm.OutlierDetector(n_components=3, random_state=0).fit(blobs)
    assert len(gmm.plot.ellipses(detector, blobs).patches) == 6
    with pytest.raises(TypeError, match="OutlierDetector is not a Gaussian mixture"):
        gmm.plot.ellipses(gmm.OutlierDetector(random_state=0).fit(blobs))


def test_without_matplotlib_it_says_what_to_install(monkeypatch: Any, mixture: gmm.Mixture) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (
        lambda: gmm.plot.ellipses(mixture),
        lambda: gmm.plot.energies([1.0]),
        lambda: gmm.plot.criteria([1], bic=[1.0]),
    ):
        with pytest.raises(ImportError, match=r"gmm.plot needs matplotlib.*pip install matplotlib"):
            draw()


def test_importing_the_package_imports_none_of_this() -> None:
    import subprocess

    code = (
        "import sys, gmm; gmm.plot; found = {'matplotlib', 'sklearn', 'onnx'} & set(sys.modules); "
        "assert not found, found; assert set(gmm.__all__) <= set(dir(gmm)); gmm.alibi"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
