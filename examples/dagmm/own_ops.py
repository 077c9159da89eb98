"""The loss of the mixture in PyTorch's own operations, to compare ``gmm.torch.gmm_loss`` with.

It is written as for real use: all components at once, by Cholesky factors, with contiguous samples
along the last axis. Its temporaries have n * k * d values, and autograd keeps several of them. A
singular covariance is an error.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Loss(NamedTuple):
    """The loss, which has a gradient, and its two parts, which have none."""

    loss: Tensor
    mean_energy: Tensor
    cov_diag: Tensor


def gmm_loss(
    z: Tensor,
    gamma: Tensor,
    eps: float = 1e-6,
    *,
    w_energy: float = 1.0,
    w_cov_diag: float = 0.005,
) -> Loss:
    """``w_energy * mean_energy + w_cov_diag * cov_diag`` of ``z`` (n, d) and ``gamma`` (n, k).

    ::

        phi_k = S_k / n,  mu_k = sum_n gamma_nk z_n / S_k,        S_k = sum_n gamma_nk
        cov_k = sum_n gamma_nk (z_n - mu_k)(z_n - mu_k)^T / S_k,  L_k L_k^T = cov_k + eps I
        E_n   = -ln sum_k phi_k N(z_n; mu_k, L_k L_k^T),          cov_diag = sum_kd 1 / (cov_k)_dd
    """
    n, d = z.shape
    total = gamma.sum(dim=0)
    mu = (gamma.T @ z) / total[:, None]
    centred = z.T - mu[:, :, None]  # (k, d, n)
    weighted = centred * gamma.T[:, None, :]
    cov = torch.bmm(weighted, centred.transpose(1, 2)) / total[:, None, None]
    factor = torch.linalg.cholesky(cov + eps * torch.eye(d, dtype=z.dtype, device=z.device))
    white = torch.linalg.solve_triangular(factor, centred, upper=False)
    log_det = 2.0 * factor.diagonal(dim1=1, dim2=2).log().sum(dim=1)
    constant = torch.log(total / n) - 0.5 * (log_det + d * math.log(2.0 * math.pi))
    log_parts = constant[:, None] - 0.5 * white.square().sum(dim=1)
    mean_energy = -torch.logsumexp(log_parts, dim=0).mean()
    cov_diag = cov.diagonal(dim1=1, dim2=2).reciprocal().sum()
    return Loss(
        w_energy * mean_energy + w_cov_diag * cov_diag, mean_energy.detach(), cov_diag.detach()
    )
