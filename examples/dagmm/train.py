"""Training: batches, the sum of three losses, Adam.

::

    J = (1/n) sum_n |x_n - x'_n|^2 + 0.1 (1/n) sum_n E(z_n) + 0.005 sum_kd 1 / (cov_k)_dd

The last two terms are one operation on (z, gamma), which the caller chooses. There is no validation
set and no early stop: the paper trains for a given number of epochs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import own_ops
import torch
from torch import Tensor

if TYPE_CHECKING:
    from network import Dagmm

#: The weights of the paper, which it calls lambda_1 and lambda_2.
W_ENERGY, W_COV_DIAG = 0.1, 0.005
#: Largest ridge of a covariance before a run fails: a deviation of a tenth, when relative distances
#: and cosines are of order one.
RIDGE_LIMIT = 1e-2

#: Maps (z, gamma) to a tuple whose first entry is the loss: the last two terms of J.
MixtureLoss = Callable[[Tensor, Tensor], Any]


@dataclass(frozen=True)
class Settings:
    """Settings that differ between sets in the paper (epochs, batch), and its learning rate."""

    epochs: int
    batch: int = 1024
    learning_rate: float = 1e-4


@dataclass
class History:
    """The mean loss of the batches of each epoch, and how long the epoch took."""

    losses: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def mixture_loss(ops: str) -> MixtureLoss:
    """The mixture's part of the loss by ``gmm``, or by the operations of ``torch``."""
    if ops == "torch":
        return lambda z, gamma: own_ops.gmm_loss(z, gamma, w_energy=W_ENERGY, w_cov_diag=W_COV_DIAG)
    import gmm.torch

    # With a limit for the ridge, and with empty components dropped, a batch with a singular
    # covariance is repaired instead of ending the run.
    return lambda z, gamma: gmm.torch.gmm_loss(
        z,
        gamma,
        w_energy=W_ENERGY,
        w_cov_diag=W_COV_DIAG,
        ridge_limit=RIDGE_LIMIT,
        drop_empty=True,
    )


class Trainer:
    """A network with its optimiser and its samples; each call of `epoch` trains one more epoch."""

    def __init__(
        self, network: Dagmm, samples: Tensor, loss: MixtureLoss, settings: Settings, seed: int
    ) -> None:
        self.network, self.samples, self.loss, self.settings = network, samples, loss, settings
        # One kernel for all parameters: they are small, and there is a step for every batch.
        self.optimiser = torch.optim.Adam(
            network.parameters(), lr=settings.learning_rate, fused=True
        )
        self.n_batches = max(1, round(len(samples) / settings.batch))
        self.generator = torch.Generator().manual_seed(seed)

    def epoch(self) -> float:
        """One pass over all samples in a new order; the mean of the batches' losses."""
        self.network.train()
        total = 0.0
        for samples in self.batches():
            z, gamma, distance = self.network(samples)
            loss = distance.square().mean() + self.loss(z, gamma)[0]
            value = loss.item()
            if not math.isfinite(value):
                raise FloatingPointError(f"the loss became {value}")
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            total += value
        return total / self.n_batches

    def batches(self) -> Iterator[Tensor]:
        """Random batches whose sizes differ by one at most, so that no last batch has few rows.

        The covariance of a few rows says little, and every epoch would have such a batch.
        """
        order = torch.randperm(len(self.samples), generator=self.generator)
        for rows in order.tensor_split(self.n_batches):
            yield self.samples.index_select(0, rows)


def train(trainer: Trainer) -> History:
    """Trains all epochs of the settings. Errors of an epoch are raised."""
    history = History()
    for _ in range(trainer.settings.epochs):
        begun = time.perf_counter()
        history.losses.append(trainer.epoch())
        history.seconds.append(time.perf_counter() - begun)
    return history
