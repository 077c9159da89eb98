"""PyOD's results from scores: values from 0 to 1, and the confidence of a prediction.

Scores are compared with those of the samples of the fit, with their weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gmm._thresholds import threshold_by_contamination

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gmm._arrays import Float64


@dataclass
class Known:
    """The scores of the samples of a fit, in ascending order, and their weights."""

    scores: Float64
    counts: Float64

    @staticmethod
    def of(scores: Float64, weights: Float64 | None) -> Known:
        """Without those that do not count."""
        counts = np.ones(len(scores)) if weights is None else weights
        order = np.argsort(scores, kind="stable")
        order = order[counts[order] > 0.0]
        return Known(scores[order], counts[order])

    def threshold(self, contamination: float) -> float:
        """The least score that no more than a share ``contamination`` of the weight is above."""
        return threshold_by_contamination(self.scores, contamination, self.counts)

    def unit_range(self, scores: Float64, method: str) -> Float64:
        """Scores scaled to 0..1 by the scores of the fit."""
        if method == "linear":
            least, most = self.scores[0], self.scores[-1]
            brought: Float64 = (scores - least) / (float(most - least) or 1.0)
        elif method == "unify":
            from scipy.special import erf

            mean = np.average(self.scores, weights=self.counts)
            variance = float(np.average((self.scores - mean) ** 2, weights=self.counts))
            brought = erf((scores - mean) / (math.sqrt(2.0 * variance) or 1.0))
        else:
            raise ValueError(f"method is {method!r}; pass 'linear' or 'unify'")
        return np.clip(brought, 0.0, 1.0)

    def confidence(
        self, scores: Float64, labels: NDArray[np.int64], contamination: float
    ) -> Float64:
        """Probability that another draw of as many samples would give the same ``labels``.

        With t of n known scores at or below the score s, P(a sample has a lower score) is estimated
        by p = (1 + t) / (2 + n); s is called an outlier when no more than n c of n draws are above
        it, which a binomial of n and p tells (Perini et al. 2020, with a uniform prior).
        """
        from scipy.stats import binom

        at_or_below = np.concatenate([[0.0], np.cumsum(self.counts)])
        n = round(at_or_below[-1])
        lower = (1 + at_or_below[np.searchsorted(self.scores, scores, side="right")]) / (2 + n)
        outlying: Float64 = binom.sf(n - int(n * contamination), n, lower)
        sure: Float64 = np.where(labels == 1, outlying, 1.0 - outlying)
        return sure

    def rejection_stats(
        self, contamination: float, T: float, delta: float, costs: tuple[float, float, float]
    ) -> tuple[float, float, float]:
        """Expected results of rejecting unsure predictions (Perini & Davis 2023).

        A prediction is rejected where the confidence is within ``exp(-T)`` of 0 or 1. Returns the
        expected rejection rate, a bound of it that holds with probability ``1 - delta``, and a
        bound of the cost of a sample, for costs of a false positive, a false negative and a
        rejection.
        """
        from scipy.stats import beta

        n = round(float(self.counts.sum()))
        k = int(n * contamination) - 1
        if k < 0:
            raise ValueError(
                f"a contamination of {contamination:g} is less than one of {n} samples; "
                "rejection needs a larger one"
            )
        # The p of which binom.cdf(k, n, p) is 1 - exp(-T), and exp(-T): its inverse in p is beta's.
        q1 = float(beta.ppf(math.exp(-T), k + 1, n - k))
        q2 = float(beta.isf(math.exp(-T), k + 1, n - k))
        right = (n + 1 - contamination * (n + 2)) / n + T * (n + 2) / math.sqrt(2 * n**3 * T)
        ordinary = 1.0 - contamination
        inside = 2 * n * (4 * contamination - 3 * contamination**2 - 2 * n * ordinary**2 - 3)
        inside += T * (n + 2) ** 2 - 8
        left = 0.0  # As in PyOD, if the bound is not a real number.
        if inside >= 0.0:
            left = (2 + n * ordinary * (n + 1)) / n**2 - math.sqrt(0.5 * n**5 * inside) / n**4
        margin = 2.0 * math.sqrt(math.log(2.0 / delta) / (2 * n))
        false_positive, false_negative, rejection = costs
        cost = (
            min(contamination, q1) * false_positive + min(1.0 - q2, contamination) * false_negative
        )
        return q2 - q1, min(1.0, right) - max(0.0, left) + margin, cost + (q2 - q1) * rejection
