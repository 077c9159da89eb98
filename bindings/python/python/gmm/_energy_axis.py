"""An axis for energies: linear where most of them are, logarithmic where only outliers are.

    u(e) = asinh((e - c) / w)      c the lower quartile, w the spread of the smallest quarter

The spread is that of the smallest quarter, because in plots of known outliers these can be up to
three quarters of the samples.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gmm._optional import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gmm._arrays import Float64

#: With a range of more spreads than this, a linear axis would show little but its end.
_FAR: Final = 20.0
#: Maximum number of ticks.
_TICKS: Final = 9


def edges(ax: Axes, values: Float64, threshold: float | None, bins: int) -> Float64:
    """Sets the scale of ``ax`` and returns edges of bins that are equally wide on paper."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        raise ValueError("no energy is finite; pass at least one that is")
    low, early, centre, high = (float(q) for q in np.quantile(finite, [0.0, 0.05, 0.25, 1.0]))
    if threshold is not None:
        low, high = min(low, threshold), max(high, threshold)
    if high == low:
        low, high = low - 0.5, high + 0.5
    width = 2.0 * (centre - early)
    if width <= 0.0 or high - centre <= _FAR * width:
        return np.linspace(low, high, bins + 1)

    def forward(energy: Any) -> Any:
        return np.arcsinh((np.asarray(energy, dtype=np.float64) - centre) / width)

    def backward(position: Any) -> Any:
        return centre + width * np.sinh(position)

    ax.set_xscale("function", functions=(forward, backward))
    positions = np.linspace(forward(low), forward(high), bins + 1)
    ticker = require("matplotlib.ticker", "gmm.plot")
    ordinary = ticker.MaxNLocator(3, steps=[1, 2, 5, 10]).tick_values(low, centre + 2.0 * width)
    ticks = _ticks(ordinary.tolist(), low, high, forward)
    ax.xaxis.set_major_locator(ticker.FixedLocator(ticks))
    ax.xaxis.set_major_formatter(ticker.FuncFormatter(lambda e, _: f"{e:,.6g}"))
    ax.xaxis.set_minor_locator(ticker.NullLocator())
    cut: Float64 = backward(positions)
    # Rounding in `forward` and `backward` must not leave out the smallest and the largest energy.
    cut[[0, -1]] = low, high
    return cut


def _ticks(ordinary: list[float], low: float, high: float, forward: Any) -> list[float]:
    """Those of the ordinary ticks, and of round numbers beyond, that are far enough apart."""
    powers = 10.0 ** np.arange(0, math.ceil(math.log10(max(abs(low), abs(high), 1.0))) + 1)
    # Rounder numbers come first.
    beyond = np.concatenate([[0.0], powers, 5.0 * powers, 2.0 * powers])
    apart = (forward(high) - forward(low)) / _TICKS
    ticks: list[float] = []
    for value in [*ordinary, *beyond[beyond > ordinary[-1]].tolist()]:
        distances = [abs(forward(value) - forward(tick)) for tick in ticks]
        if low <= value <= high and all(distance >= apart for distance in distances):
            ticks.append(value)
    return sorted(ticks)
