"""The paper's protocol for one seed, with two cheaper baselines.

Three judges get the same halves: the trained network, the same network before its training, and a
mixture of the inputs without a network. The lead of the first over the others is the gain of the
training.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gmm
import numpy as np
import torch
from network import Dagmm, Latent, build
from sklearn.metrics import average_precision_score, roc_auc_score
from tables import Halves, Table, halve
from torch.linalg import LinAlgError
from train import Settings, Trainer, mixture_loss, train

if TYPE_CHECKING:
    from torch import Tensor

#: Exceptions that count as a failed run. Any other exception is a bug and ends the experiment.
FAILURES = (gmm.Error, LinAlgError, FloatingPointError)
#: Added to the variances of the mixture of inputs: a deviation of a thousandth of a feature's
#: range. Columns that are constant in what is learnt from, as many one-hot ones are, have it alone,
#: and an anomaly that differs there is far away. It is the default, and was not chosen by results.
REG_COVAR = 1e-6
#: Starts of the mixture of inputs, of which the one with the greatest likelihood is kept, and the
#: most rows that it is fitted to, drawn at random. One start of many columns is often a poor fit,
#: and five of all rows would take longer than the network does.
STARTS, MOST_ROWS = 5, 20_000
#: Rows that go through the network at once where no gradient is needed: their layers stay in the
#: cache.
CHUNK = 8192


def run_seed(table: Table, seed: int, ops: str, settings: Settings) -> dict[str, Any]:
    """What the three judges reach, each ``{"f1": ..., ...}`` or ``{"failed": reason}``."""
    halves = halve(table, seed)
    network = build(table.name, halves.train.shape[1], seed)
    result: dict[str, Any] = {"n_train": len(halves.train), "n_test": len(halves.test)}
    result["untrained"] = _judged(halves, lambda: latent_energies(network, halves))
    result["plain"] = _judged(halves, lambda: _plain_energies(halves, network.n_components, seed))

    def trained() -> Any:
        samples = torch.from_numpy(halves.train)
        trainer = Trainer(network, samples, mixture_loss(ops), settings, seed)
        history = train(trainer)
        result["first_loss"], result["last_loss"] = history.losses[0], history.losses[-1]
        result["seconds_per_epoch"] = float(np.median(history.seconds))
        result["ms_per_step"] = 1e3 * result["seconds_per_epoch"] / trainer.n_batches
        return latent_energies(network, halves)

    result["trained"] = _judged(halves, trained)
    return result


def latent_energies(network: Dagmm, halves: Halves) -> Any:
    """Energies of the test half under the mixture of the whole training set."""
    train = encode(network, torch.from_numpy(halves.train))
    test = encode(network, torch.from_numpy(halves.test))
    # In double, where a ridge of 1e-6 is far above the rounding of a variance.
    z, gamma = (values.double().numpy() for values in (train.z, train.gamma))
    # The softmax of a component that nothing belongs to may be zero to the last bit.
    fitted = gmm.params(z, gamma[:, gamma.sum(axis=0) > 0.0])
    return gmm.energy(test.z.double().numpy(), *fitted, return_mean=False)[0]


def encode(network: Dagmm, samples: Tensor) -> Latent:
    """What the network makes of samples when it is not trained."""
    network.eval()
    with torch.inference_mode():
        parts = [network(chunk) for chunk in torch.split(samples, CHUNK)]
    return Latent(*(torch.cat(values) for values in zip(*parts, strict=True)))


def judge(energies: Any, is_anomaly: Any) -> dict[str, float]:
    """Precision, recall and F1 of the highest energies, as many as there are anomalies.

    What is called anomalous is above the threshold: samples of one energy are on the same side of
    it, so they may be fewer, and precision and recall then differ.
    """
    if not np.isfinite(energies).all():
        raise FloatingPointError("an energy is not finite")
    n_anomalies = int(is_anomaly.sum())
    if not 0 < n_anomalies < len(energies):
        raise ValueError(
            f"{n_anomalies} of {len(energies)} samples to be judged are anomalies; there must be "
            "some of either kind, so use another seed or a larger set"
        )
    highest_normal = len(energies) - n_anomalies - 1
    threshold = np.partition(energies, highest_normal)[highest_normal]
    is_found = energies > threshold
    n_found, n_hits = int(is_found.sum()), int((is_found & is_anomaly).sum())
    precision, recall = n_hits / n_found if n_found else 0.0, n_hits / n_anomalies
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2.0 * n_hits / (n_found + n_anomalies),
        "roc_auc": float(roc_auc_score(is_anomaly, energies)),
        "average_precision": float(average_precision_score(is_anomaly, energies)),
    }


def _plain_energies(halves: Halves, n_components: int, seed: int) -> Any:
    rows = np.random.default_rng(seed).permutation(len(halves.train))[:MOST_ROWS]
    model = gmm.GaussianMixture(
        n_components, reg_covar=REG_COVAR, n_init=STARTS, random_state=seed
    ).fit(halves.train[rows].astype(np.float64))
    return -model.score_samples(halves.test.astype(np.float64))


def _judged(halves: Halves, energies: Callable[[], Any]) -> dict[str, Any]:
    begun = time.perf_counter()
    try:
        found: dict[str, Any] = dict(judge(energies(), halves.test_is_anomaly))
    except FAILURES as error:
        found = {"failed": f"{type(error).__name__}: {error}"}
    return {**found, "seconds": time.perf_counter() - begun}
