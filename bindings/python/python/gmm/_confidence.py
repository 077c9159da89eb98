"""What PyOD makes of scores: numbers from 0 to 1, and how sure a prediction is.

Scores are held against those of the samples of the fit, each as often as it counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gmm._arrays import Float64


@dataclass
class Known:
    """The scores of the samples of a fit, in ascending order, and how much each counts."""

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
        total = self.counts.sum()
        above = total - np.cumsum(self.counts)
        # A product that is whole but for rounding counts as whole.
        allowed = contamination * total * (1.0 + 4.0 * np.finfo(np.float64).eps)
        return float(self.scores[np.argmax(above <= allowed)])

    def unit_range(self, scores: Float64, method: str) -> Float64:
        """Scores from 0 to 1, by where they are among the known ones."""
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
        """How likely it is that ``labels`` would be the same from another draw of as many samples.

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
