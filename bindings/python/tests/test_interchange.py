"""Models go to scikit-learn and ONNX and come back, and score as they did."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.mixture import BayesianGaussianMixture
from sklearn.mixture import GaussianMixture as Theirs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gmm
from conftest import GOLDEN, Golden, golden_index

STRUCTURES = ["full", "tied", "diag", "spherical"]
EM = golden_index("em_index.json")
CASES = {case["name"]: case for case in EM["cases"]}


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_estimator_of_scikit_learn_scores_here_as_there(
    blobs: Any, structure: str, dtype: Any
) -> None:
    X = blobs.astype(dtype)
    theirs = Theirs(3, covariance_type=structure, tol=1e-5, random_state=1).fit(X)
    ours = gmm.from_sklearn(theirs)
    assert type(ours) is gmm.GaussianMixture
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    assert np.allclose(ours.score_samples(X), theirs.score_samples(X), rtol=tolerance)
    assert np.array_equal(ours.predict(X), theirs.predict(X))
    # Older versions of scikit-learn have doubles whatever the samples are.
    assert ours.means_.dtype == theirs.means_.dtype
    assert ours.tol == 1e-5 and ours.n_features_in_ == 4
    assert np.isclose(ours.bic(X), theirs.bic(X), rtol=tolerance)
    theirs.means_ += 1.0
    assert np.isclose(ours.score(X), theirs.score(X + 1.0), rtol=1e-4)
    again = ours.to_sklearn()
    assert type(again) is Theirs
    # Parameters that only this package has stay behind.
    assert again.get_params() == theirs.get_params()
    for name in ("weights_", "means_", "precisions_cholesky_", "lower_bound_", "n_iter_"):
        assert np.array_equal(getattr(again, name), getattr(ours, name))
    assert hasattr(again, "lower_bounds_") == hasattr(theirs, "lower_bounds_")


def test_names_of_features_go_along_and_an_unfitted_one_stays_so(blobs: Any) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(blobs, columns=list("abcd"))
    ours = gmm.from_sklearn(Theirs(2, random_state=0).fit(frame))
    assert list(ours.feature_names_in_) == list("abcd")
    assert list(gmm.to_sklearn(ours).feature_names_in_) == list("abcd")
    unfitted = gmm.from_sklearn(Theirs(5, covariance_type="tied"))
    assert (unfitted.n_components, unfitted.covariance_type) == (5, "tied")
    with pytest.raises(NotFittedError):
        unfitted.predict(blobs)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_mixture_scores_there_as_here(blobs: Any, structure: str) -> None:
    mixture = gmm.GaussianMixture(3, covariance_type=structure, random_state=0).fit(blobs).mixture_
    theirs = gmm.to_sklearn(mixture)
    assert np.allclose(theirs.score_samples(blobs), mixture.log_densities(blobs), rtol=1e-12)


def test_what_is_no_mixture_is_refused(blobs: Any) -> None:
    bayesian = BayesianGaussianMixture(n_components=2).fit(blobs)
    with pytest.raises(TypeError, match="BayesianGaussianMixture is not a GaussianMixture"):
        gmm.from_sklearn(bayesian)
    with pytest.raises(TypeError, match="BayesianGaussianMixture is not a mixture"):
        gmm.to_sklearn(bayesian)
    pytest.importorskip("onnx")
    with pytest.raises(TypeError, match="BayesianGaussianMixture is not a Gaussian mixture"):
        gmm.to_onnx(bayesian)
    with pytest.raises(NotFittedError):
        gmm.to_onnx(gmm.GaussianMixture(2))
    with pytest.raises(ValueError, match="dtype is float16; pass float32 or float64"):
        gmm.to_onnx(gmm.Mixture([1.0], [[0.0]], [[[1.0]]]), dtype=np.float16)


def test_without_onnx_it_says_what_to_install(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"gmm.to_onnx needs onnx.*pip install onnx"):
        gmm.to_onnx(gmm.Mixture([1.0], [[0.0]], [[[1.0]]]))


def run(proto: Any, X: Any) -> dict[str, Any]:
    """Every output of a graph."""
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": X}), strict=True))


def golden_model(case: dict[str, Any]) -> tuple[Any, Any]:
    """scikit-learn's estimator with the parameters of a golden fit, and its samples."""
    data, golden, kind = EM["data"][case["data"]], Golden(case), case["covariance_type"]
    X = np.load(GOLDEN / data["file"]).reshape(data["shape"])
    model = Theirs(case["K"], covariance_type=kind)
    for name in ("weights", "means", "covariances", "precisions_cholesky"):
        setattr(model, f"{name}_", golden[name])
    model.n_features_in_ = X.shape[1]
    return model, X


@pytest.mark.parametrize("name", CASES)
def test_a_graph_in_double_scores_as_scikit_learn_did(name: str) -> None:
    pytest.importorskip("onnx")
    case = CASES[name]
    golden = Golden(case)
    model, X = golden_model(case)
    got = run(gmm.to_onnx(model, dtype="float64"), X)
    rows = len(golden["proba_rows"])
    assert got["energies"].shape == (len(X),) and got["labels"].dtype == np.int64
    scores = golden["score_samples_rows"]
    assert np.allclose(got["log_density"][:rows], scores, rtol=1e-10, atol=1e-9)
    assert np.allclose(got["responsibilities"][:rows], golden["proba_rows"], rtol=0, atol=1e-9)
    assert np.array_equal(got["labels"], golden["labels"].astype(int))
    assert np.isclose(-got["energies"].mean(), golden["score"], rtol=1e-10)


@pytest.mark.parametrize("name", [name for name in CASES if name.endswith("_conv")])
def test_a_graph_in_float_is_close(name: str) -> None:
    pytest.importorskip("onnx")
    model, X = golden_model(CASES[name])
    rounded = X.astype(np.float32)
    # The same samples for both, for what rounding them does is not the graph's.
    expected = -model.score_samples(rounded.astype(np.float64))
    got = run(gmm.to_onnx(model), rounded)
    assert got["energies"].dtype == got["responsibilities"].dtype == np.float32
    assert np.allclose(got["energies"], expected, rtol=1e-4, atol=1e-4)
    assert np.allclose(got["energies"], -got["log_density"], rtol=0, atol=0)
    assert np.allclose(got["responsibilities"].sum(axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_graph_is_what_the_standard_says(blobs: Any, structure: str, dtype: str) -> None:
    # By the evaluator that the standard comes with: no liberties of a runtime.
    reference = pytest.importorskip("onnx.reference")
    model = gmm.GaussianMixture(3, covariance_type=structure, random_state=0).fit(blobs)
    proto = gmm.to_onnx(model, dtype=dtype)
    X = blobs.astype(dtype)
    names = [output.name for output in proto.graph.output]
    got = dict(zip(names, reference.ReferenceEvaluator(proto).run(None, {"X": X}), strict=True))
    theirs = model.to_sklearn()
    tolerance = {"rtol": 1e-4, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-10}
    assert np.allclose(got["log_density"], theirs.score_samples(blobs), **tolerance)
    assert np.allclose(got["responsibilities"], theirs.predict_proba(blobs), atol=1e-4)
    assert np.array_equal(got["labels"], theirs.predict(blobs))


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_float_graph_is_exact_far_from_the_origin(structure: str) -> None:
    pytest.importorskip("onnx")
    # A float near 1e5 is a multiple of 1/128; this mean is half way between two.
    centre = 100_000.0 + 1.0 / 256.0
    covariance = {"full": [[[1e-4]]], "tied": [[1e-4]], "diag": [[1e-4]], "spherical": [1e-4]}
    mixture = gmm.Mixture([1.0], [[centre]], covariance[structure], covariance_type=structure)
    X = np.array([[100_000.0], [100_000.0 + 1.0 / 128.0]], dtype=np.float32)
    got = run(gmm.to_onnx(mixture), X)
    expected = 0.5 * ((1.0 / 256.0) ** 2 / 1e-4 + np.log(2.0 * np.pi * 1e-4))
    assert np.allclose(got["energies"], expected, rtol=1e-6)


def test_a_graph_is_stable_where_densities_underflow() -> None:
    pytest.importorskip("onnx")
    mixture = gmm.Mixture([0.5, 0.5], [[0.0], [1000.0]], [1.0, 1.0], covariance_type="spherical")
    got = run(gmm.to_onnx(mixture, dtype=np.float64), np.array([[500.0], [3000.0]]))
    # Half way both have exp(-125000), which is 0, and yet half of the sample each.
    assert np.allclose(got["responsibilities"], [[0.5, 0.5], [0.0, 1.0]], atol=1e-12)
    constant = 0.5 * np.log(2.0 * np.pi)
    expected = [125_000.0 + constant, 2_000_000.0 + constant + np.log(2.0)]
    assert np.allclose(got["energies"], expected, rtol=1e-14)


@pytest.mark.parametrize(("dtype", "far"), [(np.float32, 1e25), (np.float64, 1e200)])
def test_a_graph_has_no_nan_where_squares_overflow(dtype: Any, far: float) -> None:
    pytest.importorskip("onnx")
    mixture = gmm.Mixture([0.5, 0.5], [[0.0], [1.0]], [1.0, 1.0], covariance_type="spherical")
    got = run(gmm.to_onnx(mixture, dtype=dtype), np.array([[far], [-far]], dtype))
    assert (got["energies"] > np.finfo(dtype).max / 10).all()
    assert np.array_equal(got["responsibilities"], [[0.5, 0.5], [0.5, 0.5]])


@pytest.mark.parametrize("deviation", [1e25, 1e-25])
def test_a_float_graph_of_what_float_has_not_is_refused_by_name(deviation: float) -> None:
    pytest.importorskip("onnx")
    mixture = gmm.Mixture([1.0], [[1e60]], [deviation**2], covariance_type="spherical")
    with pytest.raises(gmm.OutOfRange, match=r"means hold .* outside the range of float32"):
        gmm.to_onnx(mixture)
    got = run(gmm.to_onnx(mixture, dtype="float64"), np.array([[1e60]]))
    assert np.isclose(got["energies"][0], np.log(deviation) + 0.5 * np.log(2.0 * np.pi))


def test_a_component_of_weight_zero_has_no_part() -> None:
    pytest.importorskip("onnx")
    mixture = gmm.Mixture([1.0, 0.0], [[0.0], [5.0]], [1.0, 1.0], covariance_type="spherical")
    got = run(gmm.to_onnx(mixture, dtype=np.float64), np.array([[5.0]]))
    assert np.isclose(got["energies"][0], 12.5 + 0.5 * np.log(2.0 * np.pi), rtol=1e-14)
    assert got["responsibilities"].tolist() == [[1.0, 0.0]] and got["labels"].tolist() == [0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_detector_is_a_graph_too(blobs: Any, dtype: str, tmp_path: Any) -> None:
    onnx = pytest.importorskip("onnx")
    detector = gmm.OutlierDetector(0.05, random_state=0).fit(blobs)
    path = tmp_path / "detector.onnx"
    gmm.to_onnx(detector, path, dtype=dtype)
    proto = onnx.load(path)
    about = {entry.key: entry.value for entry in proto.metadata_props}
    assert about["covariance_type"] == "tied" and about["n_components"].startswith("1,2,")
    assert (proto.producer_name, proto.producer_version) == ("gmm", gmm.__version__)
    samples = np.concatenate([blobs, blobs * 3.0])
    got = run(proto, samples.astype(dtype))
    assert list(got) == ["energies", "is_outlier"]
    energies = np.mean([-gmm.to_sklearn(m).score_samples(samples) for m in detector.mixtures_], 0)
    tolerance = 1e-4 if dtype == "float32" else 1e-10
    assert np.allclose(got["energies"], energies, rtol=tolerance)
    clear = np.abs(energies - detector.threshold_) > 1e-3
    assert np.array_equal(got["is_outlier"][clear], energies[clear] > detector.threshold_)
    assert 0 < got["is_outlier"].sum() < len(samples)


def test_a_threshold_goes_along(blobs: Any) -> None:
    pytest.importorskip("onnx")
    model = gmm.GaussianMixture(3, contamination=0.1, random_state=0).fit(blobs)
    got = run(gmm.to_onnx(model, dtype=np.float64), blobs)
    assert abs(int(got["is_outlier"].sum()) - 60) <= 1
    frozen = run(gmm.to_onnx(FrozenEstimator(model), dtype=np.float64), blobs)
    assert np.array_equal(frozen["energies"], got["energies"])
    given = gmm.OutlierDetector(0.1, mixture=model).fit(blobs)
    assert abs(int(run(gmm.to_onnx(given), blobs.astype("f4"))["is_outlier"].sum()) - 60) <= 1


def outputs(proto: Any, X: Any) -> dict[str, Any]:
    """Every output of a graph with one input, whatever it is called."""
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {session.get_inputs()[0].name: X}), strict=True))


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("opset", [9, 12, 13, 17, 18, 21])
def test_skl2onnx_converts_pipelines_that_end_in_an_estimator(
    blobs: Any, structure: str, dtype: Any, opset: int
) -> None:
    skl2onnx = pytest.importorskip("skl2onnx")
    mixture = gmm.GaussianMixture(3, covariance_type=structure, random_state=0)
    model = make_pipeline(StandardScaler(), PCA(3), mixture).fit(blobs)
    theirs = make_pipeline(*model[:-1], mixture.to_sklearn())
    X = blobs.astype(dtype)
    for options, names in (
        (None, ["label", "probabilities"]),
        ({id(mixture): {"score_samples": True}}, ["label", "probabilities", "score_samples"]),
    ):
        proto = skl2onnx.to_onnx(model, X[:1], options=options, target_opset=opset)
        got = outputs(proto, X)
        assert list(got) == names
        assert np.array_equal(got["label"].ravel(), theirs.predict(blobs))
        assert np.allclose(got["probabilities"], theirs.predict_proba(blobs), atol=1e-4)
    tolerance = 1e-3 if dtype is np.float32 else 1e-9
    assert np.allclose(got["score_samples"].ravel(), theirs.score_samples(blobs), atol=tolerance)


def test_the_first_of_equal_components_is_the_label_without_arg_max(blobs: Any) -> None:
    skl2onnx = pytest.importorskip("skl2onnx")
    model = gmm.GaussianMixture(3, random_state=0).fit(blobs)
    model.means_[1], model.covariances_[1] = model.means_[0], model.covariances_[0]
    model.weights_[1] = model.weights_[0]
    model.precisions_cholesky_[1] = model.precisions_cholesky_[0]
    proto = skl2onnx.to_onnx(model, blobs[:1], black_op={"ArgMax"})
    assert "ArgMax" not in {node.op_type for node in proto.graph.node}
    assert np.array_equal(outputs(proto, blobs)["label"].ravel(), model.predict(blobs))


def test_skl2onnx_converts_detectors_and_samples_that_are_integers(blobs: Any) -> None:
    skl2onnx = pytest.importorskip("skl2onnx")
    model = make_pipeline(StandardScaler(), gmm.OutlierDetector(0.1, random_state=0)).fit(blobs)
    got = outputs(skl2onnx.to_onnx(model, blobs[:1]), blobs)
    assert np.array_equal(got["label"].ravel(), model.predict(blobs))
    assert np.allclose(got["scores"].ravel(), model.decision_function(blobs))
    counts = blobs.astype(np.int64)
    plain = gmm.GaussianMixture(2, random_state=0).fit(counts)
    got = outputs(skl2onnx.to_onnx(plain, counts[:1]), counts)
    assert np.array_equal(got["label"].ravel(), plain.predict(counts))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_pipeline_is_a_graph_of_its_steps_and_the_model(blobs: Any, dtype: str) -> None:
    pytest.importorskip("skl2onnx")
    mixture = gmm.GaussianMixture(3, contamination=0.1, random_state=0)
    model = make_pipeline(StandardScaler(), "passthrough", make_pipeline(PCA(3), mixture)).fit(
        blobs
    )
    got = run(gmm.to_onnx(model, dtype=dtype), blobs.astype(dtype))
    assert list(got) == ["energies", "log_density", "responsibilities", "labels", "is_outlier"]
    tolerance = 1e-3 if dtype == "float32" else 1e-9
    assert np.allclose(got["log_density"], model.score_samples(blobs), atol=tolerance)
    assert np.array_equal(got["labels"], model.predict(blobs))
    assert abs(int(got["is_outlier"].sum()) - 60) <= 1
    # Steps that change nothing need no skl2onnx, and neither have models of scikit-learn.
    alone = run(gmm.to_onnx(make_pipeline("passthrough", Theirs(2).fit(blobs))), blobs.astype("f4"))
    assert alone["responsibilities"].shape == (600, 2)
    detector = make_pipeline(StandardScaler(), gmm.OutlierDetector(random_state=0)).fit(blobs)
    got = run(gmm.to_onnx(detector, dtype=dtype), blobs.astype(dtype))
    assert np.allclose(got["energies"], detector.decision_function(blobs), atol=tolerance)


def test_a_pipeline_without_skl2onnx_says_what_to_install(blobs: Any, monkeypatch: Any) -> None:
    pytest.importorskip("onnx")
    model = make_pipeline(StandardScaler(), gmm.GaussianMixture(2)).fit(blobs)
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match="of a pipeline needs skl2onnx"):
        gmm.to_onnx(model)
