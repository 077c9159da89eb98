"""The deep mixture in examples/dagmm: what it learns from, what it reports, whose loss it has."""

from __future__ import annotations

import contextlib
import gzip
import importlib
import io
import json
import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from conftest import ROOT

torch = pytest.importorskip("torch")
gmm_torch = pytest.importorskip("gmm.torch")

EXAMPLE = ROOT / "examples" / "dagmm"
#: A line of the record of a run that was ended while it wrote.
CUT = '{"kind": "seed", "set": "bre'


def module(name: str) -> Any:
    """A file of the example, which finds the others beside it."""
    if str(EXAMPLE) not in sys.path:
        sys.path.append(str(EXAMPLE))
    return importlib.import_module(name)


@pytest.fixture(scope="module")
def table() -> Any:
    return module("tables").read("breast_cancer")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: Any) -> Any:
    """The folder of results of two seeds, and the output of the first run and of a second one."""
    folder = tmp_path_factory.mktemp("dagmm")
    out = folder / "results.json"
    asked = ["--seeds", "2", "--epochs", "40", "--learning-rate", "0.001", "--out", str(out)]
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module("measure"), "ROUNDS", 2)
        patch.setattr(module("measure"), "LEAST_TURN", 0.01)
        said = [printed(lambda: module("run").main([*asked, "--no-times"]))]
        # As if it had been ended in the middle of a line.
        with out.with_suffix(".jsonl").open("a") as file:
            file.write(CUT)
        said.append(printed(lambda: module("run").main(asked)))
    torch.set_num_threads(threads)
    return folder, *said


def printed(call: Callable[[], None]) -> str:
    """What a call prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        call()
    return printed.getvalue()


def lines(folder: Any) -> list[Any]:
    """What can be read of the record."""
    text = (folder / "results.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines() if line != CUT]


def test_no_seed_fails_and_every_loss_goes_down(ran: Any) -> None:
    seeds = [line for line in lines(ran[0]) if line["kind"] == "seed"]
    assert [line["seed"] for line in seeds] == [0, 1]
    for line in seeds:
        for judge in ("trained", "untrained", "plain"):
            found = line[judge]
            assert "failed" not in found, found
            assert all(math.isfinite(value) for value in found.values())
            assert all(0.0 <= found[name] <= 1.0 for name in ("precision", "recall", "f1"))
        assert math.isfinite(line["last_loss"]) and line["last_loss"] < line["first_loss"]


def test_a_run_is_taken_up_where_it_was_ended(ran: Any) -> None:
    folder, first, again = ran
    assert first.count("seed 0") == first.count("seed 1") == 1
    assert again == ""
    # The first run was made without times, so the second run has added them.
    assert [line["kind"] for line in lines(folder)] == ["seed", "seed", "time"]


def test_the_summary_is_of_the_seeds(ran: Any) -> None:
    folder = ran[0]
    values = [line["trained"]["f1"] for line in lines(folder) if line["kind"] == "seed"]
    summary = json.loads((folder / "results.json").read_text())
    (experiment,) = summary["experiments"]
    assert experiment["seeds"] == 2 and experiment["trained"]["failed"] == 0
    assert experiment["trained"]["f1"] == pytest.approx([np.mean(values), np.std(values, ddof=1)])
    (times,) = summary["times"]
    for by_ops in (times["seconds_per_epoch"], times["loss_ms"]):
        assert set(by_ops) == {"gmm", "torch"} and min(by_ops.values()) > 0.0
    text = (folder / "results.md").read_text()
    assert f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}" in text


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_judged_is_learnt_from_and_no_anomaly_is(table: Any, seed: int) -> None:
    halves = module("tables").halve(table, seed)
    assert not table.is_anomaly[halves.train_rows].any()
    assert not set(halves.train_rows) & set(halves.test_rows)
    assert len(set(halves.test_rows)) == 285 == len(table.samples) - 284
    # All normal rows are on one side or the other, and labels stay with their rows.
    normal_rows = set(halves.train_rows) | set(halves.test_rows[~halves.test_is_anomaly])
    assert normal_rows == set(np.flatnonzero(~table.is_anomaly))
    assert np.array_equal(halves.test_is_anomaly, table.is_anomaly[halves.test_rows])
    other = module("tables").halve(table, seed + 1)
    assert set(halves.train_rows) != set(other.train_rows)


def test_what_is_judged_has_no_say_in_the_scaling(table: Any) -> None:
    tables = module("tables")
    halves = tables.halve(table, 0)
    assert halves.train.dtype == np.float32
    assert np.array_equal(halves.train.min(axis=0), np.zeros(30))
    assert np.array_equal(halves.train.max(axis=0), np.ones(30))
    assert halves.test.max() > 1.0
    changed = table.samples.copy()
    changed[halves.test_rows] *= 100.0
    again = tables.halve(tables.Table("changed", changed, table.is_anomaly), 0)
    assert np.array_equal(again.train, halves.train)


def test_a_column_that_is_constant_when_learning_keeps_what_anomalies_have_there() -> None:
    tables = module("tables")
    is_anomaly = np.arange(40) % 4 == 0
    samples = np.stack([np.arange(40), is_anomaly], axis=1).astype(np.float32)
    halves = tables.halve(tables.Table("codes", samples, is_anomaly), 0)
    assert np.array_equal(halves.train[:, 1], np.zeros(len(halves.train)))
    assert np.array_equal(halves.test[:, 1], halves.test_is_anomaly.astype(np.float32))


@pytest.mark.parametrize("name", ["table.X.npy", "table.cont.npy.gz"])
def test_both_formats_of_a_folder_are_read(tmp_path: Any, name: str) -> None:
    rng = np.random.default_rng(0)
    continuous = rng.normal(size=(6, 2)).astype(np.float32)
    codes = rng.integers(0, 2, size=(6, 3)).astype(np.uint8)
    expected = np.concatenate([continuous, codes.astype(np.float32)], axis=1)
    if name.endswith(".gz"):
        for part, values in (("cont", continuous), ("bin", codes)):
            with gzip.open(tmp_path / f"table.{part}.npy.gz", "wb") as file:
                np.save(file, values)
    else:
        np.save(tmp_path / name, expected)
    np.save(tmp_path / "table.y.npy", np.array([0, 1, 0, 0, 1, 0], np.uint8))
    table = module("tables").read("table", tmp_path)
    assert table.samples.dtype == np.float32 and np.array_equal(table.samples, expected)
    assert table.is_anomaly.tolist() == [False, True, False, False, True, False]
    with pytest.raises(FileNotFoundError):
        module("tables").read("other", tmp_path)


@pytest.mark.parametrize("has_ties", [False, True])
def test_as_many_are_called_anomalous_as_there_are(has_ties: bool) -> None:
    rng = np.random.default_rng(3)
    is_anomaly = rng.random(500) < 0.2
    energies = rng.normal(size=500) + 1.5 * is_anomaly
    if has_ties:
        energies = np.round(energies, 1)
    n_anomalies = int(is_anomaly.sum())
    # By ranks: of the samples that share the first energy that is too many, none is called.
    ordered = np.sort(energies)[::-1]
    is_found = energies > ordered[n_anomalies]
    assert (is_found.sum() < n_anomalies) if has_ties else (is_found.sum() == n_anomalies)
    precision, recall, f1, _ = precision_recall_fscore_support(
        is_anomaly, is_found, average="binary"
    )
    found = module("protocol").judge(energies, is_anomaly)
    assert found["precision"] == pytest.approx(precision, rel=1e-12)
    assert found["recall"] == pytest.approx(recall, rel=1e-12)
    assert found["f1"] == pytest.approx(f1, rel=1e-12)
    assert found["roc_auc"] == pytest.approx(roc_auc_score(is_anomaly, energies), rel=1e-12)


def test_an_energy_that_is_no_number_is_a_failed_run() -> None:
    with pytest.raises(FloatingPointError):
        module("protocol").judge(np.array([0.0, np.nan, 1.0]), np.array([False, False, True]))


@pytest.mark.parametrize("is_anomaly", [[False, False], [True, True]])
def test_halves_of_one_kind_cannot_be_judged(is_anomaly: Any) -> None:
    with pytest.raises(ValueError, match=r"of 2 samples to be judged are anomalies"):
        module("protocol").judge(np.array([0.0, 1.0]), np.array(is_anomaly))


@pytest.mark.parametrize("ops", ["gmm", "torch"])
def test_a_run_that_breaks_down_is_reported_and_not_raised(table: Any, ops: str) -> None:
    # A step of this length takes the weights out of the range of float32.
    settings = module("train").Settings(epochs=8, learning_rate=1e30)
    found = module("protocol").run_seed(table, 0, ops, settings)
    assert found["trained"]["failed"]
    assert "failed" not in found["untrained"] and "failed" not in found["plain"]


# Float32 rounds to 6e-8, and the gradients are sums of terms that are as large as the inverse
# covariance and cancel: for these z, a condition number of about 1e3. Both ways sum in other
# orders, so three digits fewer are what they can agree in; double has them all and more.
@pytest.mark.parametrize(("dtype", "relative"), [("float64", 1e-9), ("float32", 2e-4)])
def test_both_ways_agree_on_the_loss_and_its_gradients(
    table: Any, dtype: str, relative: float
) -> None:
    halves = module("tables").halve(table, 0)
    network = module("network").build("breast_cancer", 30, 0).eval()
    with torch.no_grad():
        z, gamma, _ = network(torch.from_numpy(halves.train))
    results = []
    for ops in ("gmm", "torch"):
        inputs = [values.to(getattr(torch, dtype)).requires_grad_() for values in (z, gamma)]
        loss = module("train").mixture_loss(ops)(*inputs)[0]
        results.append([loss, *torch.autograd.grad(loss, inputs)])
    for ours, theirs in zip(*results, strict=True):
        assert ours.dtype == theirs.dtype == getattr(torch, dtype)
        assert (ours - theirs).abs().max() <= relative * theirs.abs().max()


def test_own_ops_are_the_definition() -> None:
    rng = np.random.default_rng(5)
    z, gamma = rng.normal(size=(20, 2)), rng.dirichlet([1.0, 2.0, 3.0], size=20)
    densities, cov_diag = np.zeros(20), 0.0
    for share in gamma.T:
        mean = np.average(z, axis=0, weights=share)
        cov = np.cov(z.T, aweights=share, ddof=0)
        cov_diag += (1.0 / np.diag(cov)).sum()
        precision = np.linalg.inv(cov + 1e-6 * np.eye(2))
        squared = np.einsum("ni,ij,nj->n", z - mean, precision, z - mean)
        norm = 2.0 * np.pi / np.sqrt(np.linalg.det(precision))
        densities += share.mean() * np.exp(-0.5 * squared) / norm
    found = module("own_ops").gmm_loss(
        torch.from_numpy(z), torch.from_numpy(gamma), w_energy=0.1, w_cov_diag=0.005
    )
    mean_energy = -np.log(densities).mean()
    assert float(found.mean_energy) == pytest.approx(mean_energy, rel=1e-10)
    assert float(found.cov_diag) == pytest.approx(cov_diag, rel=1e-10)
    assert float(found.loss) == pytest.approx(0.1 * mean_energy + 0.005 * cov_diag, rel=1e-10)


def test_z_is_the_code_and_how_well_it_is_read_again(table: Any) -> None:
    halves = module("tables").halve(table, 0)
    network = module("network").build("breast_cancer", 30, 0).eval()
    samples = torch.from_numpy(halves.train[:50])
    with torch.no_grad():
        z, gamma, distance = network(samples)
        code = network.encoder(samples)
        again = network.decoder(code).numpy()
    x = samples.numpy()
    difference = np.linalg.norm(x - again, axis=1)
    cosine = (x * again).sum(axis=1) / np.linalg.norm(x, axis=1) / np.linalg.norm(again, axis=1)
    expected = np.column_stack([code.numpy(), difference / np.linalg.norm(x, axis=1), cosine])
    np.testing.assert_allclose(z.numpy(), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(distance.numpy(), difference, rtol=1e-5)
    np.testing.assert_allclose(gamma.sum(dim=1).numpy(), np.ones(50), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "n_features", "widths", "n_components"),
    [
        ("thyroid", 6, [(6, 12), (12, 1), (1, 12), (12, 6)], 2),
        (
            "kddcup99_10",
            116,
            [(116, 60), (60, 30), (30, 10), (10, 1), (1, 10), (10, 30), (30, 60), (60, 116)],
            4,
        ),
    ],
)
def test_layers_are_those_of_the_paper(
    name: str, n_features: int, widths: list[tuple[int, int]], n_components: int
) -> None:
    network = module("network").build(name, n_features, 0)
    parts = [*network.encoder, *network.decoder]
    linear = [part for part in parts if isinstance(part, torch.nn.Linear)]
    assert [(part.in_features, part.out_features) for part in linear] == widths
    assert not isinstance(network.encoder[-1], torch.nn.Tanh)
    assert not isinstance(network.decoder[-1], torch.nn.Tanh)
    kinds = [type(part).__name__ for part in network.estimator]
    assert kinds == ["Linear", "Tanh", "Dropout", "Linear", "Softmax"]
    first, _, dropout, last, _ = network.estimator
    assert (first.in_features, first.out_features, dropout.p) == (3, 10, 0.5)
    assert last.out_features == n_components


def test_every_sample_is_in_one_batch_and_no_batch_is_small(table: Any) -> None:
    train = module("train")
    samples = torch.arange(2100.0)[:, None]
    network = module("network").build("any", 1, 0)
    trainer = train.Trainer(network, samples, None, train.Settings(1, batch=1000), seed=0)
    first, second = list(trainer.batches()), list(trainer.batches())
    assert [len(batch) for batch in first] == [1050, 1050]
    assert torch.equal(torch.cat(first).ravel().sort().values, samples.ravel())
    assert not torch.equal(torch.cat(first), torch.cat(second))
