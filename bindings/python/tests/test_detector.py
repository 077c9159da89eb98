"""Outlier detection in contaminated data, with the interfaces of PyOD and of alibi-detect."""

from __future__ import annotations

import ctypes
import pickle
from typing import Any

import numpy as np
import pytest
from scipy.optimize import root_scalar
from scipy.stats import binom
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture as Theirs
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import gmm
import gmm.alibi
from gmm import _abi, _arrays

N, N_OUTLIERS = 500, 25


@pytest.fixture
def contaminated() -> tuple[Any, Any]:
    """Two groups, and a tight third that a plain fit of three components adapts to."""
    rng = np.random.default_rng(3)
    groups = [rng.normal(size=(250, 3)), np.array([8.0, 0.0, 0.0]) + rng.normal(size=(225, 3))]
    rare = np.array([4.0, 7.0, 0.0]) + 0.2 * rng.normal(size=(N_OUTLIERS, 3))
    is_outlier = np.arange(N) >= N - N_OUTLIERS
    return np.concatenate([*groups, rare]), is_outlier


#: As of every method of scikit-learn that begins with k-means.
NOT_EQUAL = "a repeated row may be trimmed alone, and k-means begins elsewhere"


def failing(estimator: Any) -> dict[str, str]:
    given = estimator.mixture is not None and estimator.mixture.n_components == 1
    return {} if given else {"check_sample_weight_equivalence_on_dense_data": NOT_EQUAL}


@parametrize_with_checks(
    [
        gmm.OutlierDetector(),
        *(gmm.OutlierDetector(n_components=k) for k in (1, 2, 3)),
        *(gmm.OutlierDetector(mixture=gmm.GaussianMixture(k)) for k in (1, 2, 3)),
    ],
    expected_failed_checks=failing,
)
@pytest.mark.filterwarnings("ignore")
def test_it_is_an_estimator_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


def test_a_tight_group_is_found_that_a_plain_fit_adapts_to(contaminated: Any) -> None:
    X, is_outlier = contaminated
    detector = gmm.OutlierDetector(contamination=0.05, random_state=0).fit(X)
    assert roc_auc_score(is_outlier, detector.decision_scores_) > 0.99
    assert np.array_equal(detector.labels_, is_outlier)
    plain = Theirs(3, n_init=5, random_state=0).fit(X)
    assert roc_auc_score(is_outlier, -plain.score_samples(X)) < 0.5


@pytest.mark.parametrize("sample_weight", [None, np.arange(N) % 3.0])
def test_scores_are_those_of_the_library_to_the_last_bit(
    contaminated: Any, sample_weight: Any
) -> None:
    X, _ = contaminated
    detector = gmm.OutlierDetector(0.05, n_components=[1, 3], max_iter=7, random_state=4)
    detector.fit(X, sample_weight=sample_weight)
    # The C ABI by hand, from the same seed.
    seed = np.random.RandomState(4).randint(1 << 32, size=2, dtype=np.int64).tolist()
    options, handle = _abi.DetectorOptions(), ctypes.c_void_p()
    lib = _abi.lib
    assert lib.gmm_detector_options_init(options, ctypes.sizeof(options)) == 0
    ks = np.array([1, 3], dtype=np.uintp)
    options.contamination, options.max_iter = 0.05, 7
    options.n_components, options.n_components_len = _arrays.address(ks), 2
    options.seed = seed[0] << 32 | seed[1]
    if sample_weight is not None:
        options.sample_weights = _arrays.address(sample_weight)
    view = _arrays.matrix(X)
    assert lib.gmm_detector_fit_f64(view, options, None, handle) == 0
    energies, shares = np.empty(N), np.empty(X.shape)
    assert lib.gmm_detector_energies_f64(handle, view, None, _arrays.address(energies)) == 0
    assert lib.gmm_detector_attribution_f64(handle, view, None, _arrays.address(shares)) == 0
    assert np.array_equal(detector.decision_function(X), energies)
    assert np.array_equal(detector.attribution(X), shares)
    assert detector.threshold_ == lib.gmm_detector_threshold(handle)
    lib.gmm_detector_free(handle)


def test_what_pyod_promises_holds(contaminated: Any) -> None:
    X, _ = contaminated
    detector = gmm.OutlierDetector(contamination=0.1, random_state=0)
    labels = detector.fit_predict(X)
    scores = detector.decision_scores_
    assert np.array_equal(labels, detector.labels_) and set(labels) == {0, 1}
    assert np.array_equal(labels, scores > detector.threshold_)
    assert labels.sum() == 50
    assert np.array_equal(detector.decision_function(X), scores)
    assert np.array_equal(detector.predict(X), labels)
    assert detector.predict(np.full((1, 3), 40.0)).tolist() == [1]
    linear = detector.predict_proba(X)
    assert np.allclose(linear[:, 1], (scores - scores.min()) / np.ptp(scores), rtol=1e-12)
    assert np.allclose(linear.sum(axis=1), 1.0)
    unify = detector.predict_proba(X, method="unify")[:, 1]
    assert (unify[scores <= scores.mean()] == 0.0).all()
    # One deviation above the mean: erf(1 / sqrt 2), of normal samples within one of theirs.
    at = np.argmin(np.abs(scores - scores.mean() - scores.std()))
    off = (scores[at] - scores.mean()) / scores.std() - 1.0
    assert unify[at] == pytest.approx(0.682689492137086 + 0.48394 * off, abs=1e-3)
    with pytest.raises(ValueError, match="method is 'log'; pass 'linear' or 'unify'"):
        detector.predict_proba(X, method="log")


def test_confidence_is_that_of_its_definition(contaminated: Any) -> None:
    X, _ = contaminated
    detector = gmm.OutlierDetector(contamination=0.1, random_state=0).fit(X)
    labels, confidence = detector.predict(X, return_confidence=True)
    assert np.array_equal(confidence, detector.predict_confidence(X))
    proba, again = detector.predict_proba(X, return_confidence=True)
    assert np.array_equal(again, confidence) and proba.shape == (N, 2)
    rng = np.random.default_rng(0)
    for at in np.argsort(detector.decision_scores_)[[430, 447, 452, 470]]:
        t = (detector.decision_scores_ <= detector.decision_scores_[at]).sum()
        lower = rng.binomial(N, (1 + t) / (2 + N), size=200_000)
        outlying = (lower > N - 50).mean()
        expected = outlying if labels[at] else 1.0 - outlying
        assert confidence[at] == pytest.approx(expected, abs=0.005)
    sure = detector.predict_confidence([[0.0, 0.0, 0.0], [40.0, 40.0, 40.0]])
    assert np.allclose(sure, 1.0, atol=1e-3)


@pytest.mark.parametrize(
    "given",
    [
        lambda X: gmm.GaussianMixture(2, random_state=0).fit(X),
        lambda X: FrozenEstimator(gmm.GaussianMixture(2, random_state=0).fit(X)),
        lambda X: gmm.GaussianMixture(2, random_state=0).fit(X).mixture_,
        lambda X: Theirs(2, random_state=0).fit(X),
    ],
)
def test_a_mixture_that_is_given_is_not_fitted_again(contaminated: Any, given: Any) -> None:
    X, is_outlier = contaminated
    mixture = given(X[~is_outlier])
    detector = gmm.OutlierDetector(contamination=0.05, mixture=mixture).fit(X)
    expected = -Theirs(2, random_state=0).fit(X[~is_outlier]).score_samples(X)
    assert np.allclose(detector.decision_scores_, expected, rtol=0.02, atol=0.02)
    assert np.array_equal(detector.labels_, is_outlier)
    assert detector.mixture is mixture and len(detector.mixtures_) == 1
    assert np.allclose(detector.attribution(X)[:, 2], 0.5 * X[:, 2] ** 2, atol=2.5)


def test_one_that_is_not_fitted_is_fitted_to_the_samples(contaminated: Any) -> None:
    X, _ = contaminated
    unfitted = Theirs(2, random_state=0)
    detector = gmm.OutlierDetector(mixture=unfitted).fit(X)
    assert not hasattr(unfitted, "weights_")
    assert np.allclose(detector.decision_scores_, -unfitted.fit(X).score_samples(X), rtol=1e-10)
    weights = np.arange(N) % 2.0
    detector = gmm.OutlierDetector(mixture=gmm.GaussianMixture(1)).fit(X, sample_weight=weights)
    assert np.allclose(detector.mixtures_[0].means, X[1::2].mean(axis=0))
    with pytest.raises(TypeError, match="StandardScaler is not a Gaussian mixture"):
        gmm.OutlierDetector(mixture=StandardScaler()).fit(X)


def test_a_weighted_threshold_is_that_of_repeated_samples(contaminated: Any) -> None:
    X, _ = contaminated
    counts = np.arange(N) % 4
    known = gmm.GaussianMixture(2, random_state=0).fit(X).mixture_
    for share in (0.0, 0.013, 0.1, 0.25, 0.9):
        weighted = gmm.OutlierDetector(share, mixture=known).fit(X, sample_weight=counts)
        repeated = gmm.OutlierDetector(share, mixture=known).fit(np.repeat(X, counts, axis=0))
        assert weighted.threshold_ == repeated.threshold_


def test_weights_say_how_much_a_sample_counts(contaminated: Any) -> None:
    X, is_outlier = contaminated
    detector = gmm.OutlierDetector(0.05, random_state=0)
    plain = detector.fit(X).decision_scores_
    ones = clone(detector).fit(X, sample_weight=np.full(N, 3.0))
    assert np.allclose(ones.decision_scores_, plain, rtol=1e-9)
    # Rows without weight are absent, whatever they are; without the group, it is far from all.
    clean = clone(detector).fit(X, sample_weight=(~is_outlier).astype(float))
    assert clean.decision_scores_[is_outlier].min() > clean.decision_scores_[~is_outlier].max()
    assert clean.labels_[~is_outlier].sum() == 23
    with pytest.raises(ValueError, match="sample_weight"):
        detector.fit(X, sample_weight=np.ones(3))


def test_pickles_clones_and_other_thread_counts_give_the_same_results(contaminated: Any) -> None:
    X, _ = contaminated
    detector = gmm.OutlierDetector(0.05, random_state=3, n_threads=1).fit(X)
    for again in (
        pickle.loads(pickle.dumps(detector)),
        clone(detector).fit(X),
        clone(detector).set_params(n_threads=2).fit(X),
        clone(detector).fit(X.tolist()),
        clone(detector).fit(np.asfortranarray(X)),
    ):
        assert np.array_equal(again.decision_function(X), detector.decision_scores_)
        assert again.threshold_ == detector.threshold_
    floats = clone(detector).fit(X.astype(np.float32))
    assert np.array_equal(floats.predict(X.astype(np.float32)), floats.labels_)
    assert floats.labels_.sum() == N_OUTLIERS


def test_it_works_in_pipelines_and_searches(contaminated: Any) -> None:
    X, is_outlier = contaminated
    detector = gmm.OutlierDetector(0.05, random_state=0)
    pipeline = make_pipeline(StandardScaler(), detector)
    assert np.array_equal(pipeline.fit(X).predict(X), is_outlier)

    def auc(estimator: Any, X: Any, y: Any) -> float:
        return float(roc_auc_score(y, estimator.decision_function(X)))

    search = GridSearchCV(detector, {"contamination": [0.05, 0.3]}, scoring=auc, cv=3)
    shuffled = np.random.default_rng(0).permutation(N)
    search.fit(X[shuffled], is_outlier[shuffled])
    assert search.best_score_ > 0.95
    given = gmm.OutlierDetector(mixture=gmm.GaussianMixture(2))
    assert given.set_params(mixture__n_components=3).mixture.n_components == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"contamination": 1.0}, "The 'contamination' parameter of OutlierDetector must be"),
        ({"n_components": 0}, "The 'n_components' parameter of OutlierDetector must be"),
        ({"n_components": []}, r"n_components is \[\]"),
        ({"n_components": [1, 2.5]}, r"n_components is \[1, 2.5\]"),
        ({"max_iter": 0}, "The 'max_iter' parameter of OutlierDetector must be"),
        ({"mixture": "full"}, "The 'mixture' parameter of OutlierDetector must be"),
        ({"n_components": [700]}, "700"),
    ],
)
def test_what_is_refused_is_named(
    contaminated: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        gmm.OutlierDetector(**arguments).fit(contaminated[0])


def test_a_mixture_of_other_features_is_refused(contaminated: Any) -> None:
    with pytest.raises(gmm.InvalidInput, match="3"):
        gmm.OutlierDetector(mixture=gmm.Mixture([1.0], [[0.0]], [[[1.0]]])).fit(contaminated[0])


def test_alibi_detects_words(contaminated: Any) -> None:
    X, is_outlier = contaminated
    detector = gmm.OutlierDetector(0.05, random_state=0)
    od = gmm.alibi.OutlierDetector(detector=detector, data_type="tabular")
    with pytest.raises(NotFittedError):
        od.predict(X)
    assert od.fit(X) is None and od.threshold is None  # type: ignore[func-returns-value]
    # Until one is inferred, the threshold is that of the contamination.
    assert np.array_equal(od.predict(X)["data"]["is_outlier"], is_outlier)
    od.infer_threshold(X[~is_outlier], threshold_perc=90.0)
    assert od.threshold == pytest.approx(np.percentile(od.score(X[~is_outlier]), 90.0))
    found = od.predict(X)
    assert found["meta"] == {
        "name": "OutlierDetector",
        "detector_type": "outlier",
        "data_type": "tabular",
        "online": False,
        "version": gmm.__version__,
    }
    data = found["data"]
    assert set(data) == {"instance_score", "feature_score", "is_outlier", "threshold"}
    assert np.array_equal(data["instance_score"], detector.decision_scores_)
    assert np.array_equal(data["is_outlier"], data["instance_score"] > od.threshold)
    assert data["is_outlier"][~is_outlier].sum() == 48 and data["feature_score"] is None
    other = od.predict(X, return_instance_score=False, return_feature_score=True)["data"]
    assert other["instance_score"] is None and other["feature_score"].shape == X.shape


def test_alibi_detects_words_of_a_mixture_that_is_known(contaminated: Any) -> None:
    X, is_outlier = contaminated
    known = gmm.GaussianMixture(2, random_state=0).fit(X[~is_outlier])
    od = gmm.alibi.OutlierDetector(5.0, detector=gmm.OutlierDetector(mixture=known))
    od.fit(X)
    data = od.predict(X)["data"]
    assert data["threshold"] == 5.0
    assert np.array_equal(data["is_outlier"], -known.score_samples(X) > 5.0)


def test_rejection_is_that_of_its_definition(contaminated: Any) -> None:
    X, _ = contaminated
    detector = gmm.OutlierDetector(0.1, random_state=0).fit(X[:200])
    for T in (2.0, 8.0, 20.0):
        labels, stats = detector.predict_with_rejection(
            X, T=T, return_stats=True, c_fp=2, c_fn=3, c_r=0.5
        )
        plain, sure = detector.predict(X, return_confidence=True)
        rejected = 2 * np.abs(sure - 0.5) <= 1 - 2 * np.exp(-T)
        assert np.array_equal(labels, np.where(rejected, -2, plain))
        # Perini & Davis (2023): the shares of lower scores at which a prediction is that sure.
        q1, q2 = (
            root_scalar(lambda p, C=C: binom.cdf(19, 200, p) - C, bracket=[0, 1], xtol=1e-13).root
            for C in (1 - np.exp(-T), np.exp(-T))
        )
        assert np.isclose(stats[0], q2 - q1, rtol=1e-6)
        cost = min(0.1, q1) * 2 + min(1 - q2, 0.1) * 3 + (q2 - q1) * 0.5
        assert np.isclose(stats[2], cost, rtol=1e-6)
        assert stats[1] > stats[0]
        assert detector.compute_rejection_stats(T, c_fp=2, c_fn=3, c_r=0.5) == tuple(stats)
    # As PyOD 3.6.7 says of 200 scores and a contamination of 0.1.
    assert np.isclose(detector.compute_rejection_stats(32)[1], 0.53953322, rtol=1e-7)
    assert np.isclose(detector.compute_rejection_stats(2)[1], 1.14849962, rtol=1e-7)
    assert detector.compute_rejection_stats(8, c_r=0.1) == detector.compute_rejection_stats(8)
    whole = detector.fit(X[:100], sample_weight=np.full(100, 2.0)).compute_rejection_stats(8)
    twice = detector.fit(np.repeat(X[:100], 2, axis=0)).compute_rejection_stats(8)
    assert whole == twice
    with pytest.raises(ValueError, match="delta between 0 and 1"):
        detector.compute_rejection_stats(delta=1.0)
    with pytest.raises(ValueError, match="less than one of 5 samples"):
        gmm.OutlierDetector(0.1, n_components=1).fit(X[:5]).compute_rejection_stats()
    with pytest.raises(NotFittedError):
        gmm.OutlierDetector().compute_rejection_stats()


def test_scores_are_evaluated_against_known_outliers(contaminated: Any) -> None:
    X, is_outlier = contaminated
    detector = gmm.OutlierDetector(0.05, random_state=0)
    area = detector.fit_predict_score(X, is_outlier)
    assert area == roc_auc_score(is_outlier, detector.decision_scores_)
    assert detector.fit_predict_score(X, is_outlier.astype(int), scoring="prc_n_score") == 1.0
    # Of two that are called outliers one is: the two scores above all others are the first rows'.
    line = np.concatenate([[[40.0], [30.0]], np.linspace(-1, 1, 18)[:, None]])
    truth = np.zeros(20, int)
    truth[[0, 10]] = 1
    plain = gmm.OutlierDetector(mixture=gmm.Mixture([1.0], [[0.0]], [[[1.0]]]))
    assert plain.fit_predict_score(line, truth, scoring="prc_n_score") == 0.5
    with pytest.raises(ValueError, match="scoring is 'f1'"):
        detector.fit_predict_score(X, is_outlier, scoring="f1")


def test_one_mixture_has_the_attributes_that_pyod_names(contaminated: Any) -> None:
    X, _ = contaminated
    names = ["weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"]
    about = ["converged_", "n_iter_", "lower_bound_"]
    theirs = Theirs(2, random_state=0)
    judged = gmm.OutlierDetector(mixture=theirs).fit(X)
    theirs.fit(X)
    for name in names + about:
        assert np.array_equal(getattr(judged, name), getattr(theirs, name))
    known = gmm.OutlierDetector(mixture=gmm.from_sklearn(theirs).mixture_).fit(X)
    alone = gmm.OutlierDetector(n_components=2, random_state=0).fit(X)
    for name in names:
        assert np.allclose(getattr(known, name), getattr(theirs, name))
        assert getattr(alone, name).shape[-1] == X.shape[1] if name != "weights_" else 2
        assert np.array_equal(alone.means_, alone.mixtures_[0].means)
    several = gmm.OutlierDetector(random_state=0).fit(X)
    with pytest.raises(AttributeError, match="a detector of 4 mixtures has no means_"):
        _ = several.means_
    with pytest.raises(AttributeError, match="only if mixture is an estimator"):
        _ = alone.converged_


def test_a_mixture_without_a_seed_takes_the_one_of_the_detector(contaminated: Any) -> None:
    X, _ = contaminated
    seedless = gmm.GaussianMixture(6, init_params="random_from_data", max_iter=2)
    one, other = (gmm.OutlierDetector(mixture=seedless, random_state=3) for _ in range(2))
    assert np.array_equal(one.fit(X).decision_scores_, other.fit(X).decision_scores_)
    assert seedless.random_state is None
    seeded = clone(seedless).set_params(random_state=1)
    judged = gmm.OutlierDetector(mixture=seeded, random_state=3).fit(X)
    assert np.array_equal(judged.means_, clone(seeded).fit(X).means_)
