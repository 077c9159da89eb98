"""The two networks: one compresses a sample, the other says which component it belongs to.

::

    x (d) --encoder--> code --decoder--> x'       z = (code, |x - x'| / |x|, cos(x, x'))
    z --estimator--> gamma (k), rows of which sum to 1

This file contains no density: the loss makes the mixture, from z weighted by gamma.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

#: Units of the estimation network and its dropout rate, in the paper the same for every set.
ESTIMATION_UNITS, DROPOUT = 10, 0.5
#: Lower limit of norms in divisions, for samples that are zero or reconstructed as zero.
LEAST_NORM = 1e-6


@dataclass(frozen=True)
class Architecture:
    """Widths of the encoder's layers; the last is the code. The decoder mirrors them."""

    encoder: tuple[int, ...]
    n_components: int


#: The layers of the paper. There the samples of KDDCUP99 have 120 columns; the first layer here is
#: as wide as the samples are.
ARCHITECTURES = {
    "thyroid": Architecture((12, 1), 2),
    "kddcup99_10": Architecture((60, 30, 10, 1), 4),
}
#: The paper's for its third set, arrhythmia; also used for sets that are not in the paper.
OTHERWISE = Architecture((10, 2), 2)


class Latent(NamedTuple):
    """Outputs of the networks, one row or value for each sample."""

    z: Tensor
    gamma: Tensor
    #: ``|x - x'|``; its square is the reconstruction's part of the loss.
    distance: Tensor


class Dagmm(nn.Module):  # type: ignore[misc]  # For mypy torch has no types.
    """Both networks, with PyTorch's own initial weights."""

    def __init__(self, n_features: int, architecture: Architecture) -> None:
        super().__init__()
        self.n_components = architecture.n_components
        widths = (n_features, *architecture.encoder)
        self.encoder = _layers(widths)
        self.decoder = _layers(widths[::-1])
        self.estimator = nn.Sequential(
            nn.Linear(widths[-1] + 2, ESTIMATION_UNITS),
            nn.Tanh(),
            nn.Dropout(DROPOUT),
            nn.Linear(ESTIMATION_UNITS, self.n_components),
            nn.Softmax(dim=1),
        )

    def forward(self, samples: Tensor) -> Latent:
        code = self.encoder(samples)
        again = self.decoder(code)
        distance = torch.linalg.vector_norm(samples - again, dim=1)
        norm = torch.linalg.vector_norm(samples, dim=1).clamp_min(LEAST_NORM)
        norm_again = torch.linalg.vector_norm(again, dim=1).clamp_min(LEAST_NORM)
        cosine = (samples * again).sum(dim=1) / (norm * norm_again)
        z = torch.cat([code, torch.stack([distance / norm, cosine], dim=1)], dim=1)
        return Latent(z, self.estimator(z), distance)


def build(name: str, n_features: int, seed: int) -> Dagmm:
    """The network for the set ``name``; the seed decides the initial weights."""
    torch.manual_seed(seed)
    return Dagmm(n_features, ARCHITECTURES.get(name, OTHERWISE))


def _layers(widths: tuple[int, ...]) -> nn.Sequential:
    """Fully connected, with tanh between layers and nothing after the last."""
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        layers += [nn.Linear(wide, narrow), nn.Tanh()]
    return nn.Sequential(*layers[:-1])
