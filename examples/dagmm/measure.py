"""Time of an epoch with each of the two implementations of the mixture's loss.

Both train the same network from the same weights and alternate, so that other load on the machine
affects both equally. Reports medians for epochs, and for the loss with its gradients alone.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from network import build
from tables import Table, halve
from train import MixtureLoss, Settings, Trainer, mixture_loss

#: Turns of each implementation.
ROUNDS = 7
#: Minimum seconds of a turn, which consists of whole epochs.
LEAST_TURN = 0.2
#: Calls in a turn of the loss alone.
CALLS = 50


def compare(table: Table, settings: Settings) -> dict[str, Any]:
    """Seconds per epoch, and milliseconds per loss with its gradients, by implementation."""
    samples = torch.from_numpy(halve(table, 0).train)
    trainers = {
        ops: Trainer(
            build(table.name, samples.shape[1], 0), samples, mixture_loss(ops), settings, 0
        )
        for ops in ("gmm", "torch")
    }
    # The first epoch of each is warm-up; the second decides how many epochs make a turn.
    for trainer in trainers.values():
        trainer.epoch()
    slowest = max(_seconds(trainer.epoch) for trainer in trainers.values())
    epochs = max(1, round(LEAST_TURN / slowest))
    by_epoch = _medians({ops: trainer.epoch for ops, trainer in trainers.items()}, epochs)
    batch = next(trainers["gmm"].batches())
    losses = {ops: _alone(trainer, batch) for ops, trainer in trainers.items()}
    by_loss = _medians(losses, CALLS)
    return {
        "n_train": len(samples),
        "n_batches": trainers["gmm"].n_batches,
        "seconds_per_epoch": by_epoch,
        "loss_ms": {ops: 1e3 * seconds for ops, seconds in by_loss.items()},
    }


def _alone(trainer: Trainer, batch: torch.Tensor) -> Callable[[], object]:
    with torch.no_grad():
        z, gamma, _ = trainer.network(batch)
    loss: MixtureLoss = trainer.loss
    z.requires_grad_()
    gamma.requires_grad_()

    def call() -> object:
        return torch.autograd.grad(loss(z, gamma)[0], (z, gamma))

    call()
    return call


def _medians(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    turns: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            turns[name].append(_seconds(call, repeats))
    return {name: statistics.median(seconds) for name, seconds in turns.items()}


def _seconds(call: Callable[[], object], repeats: int = 1) -> float:
    begun = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - begun) / repeats
