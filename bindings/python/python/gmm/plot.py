"""Plots of mixtures, energies and criteria, by matplotlib, which is imported at the first plot.

Colours are those of Okabe and Ito, which colour-blind people can distinguish. Nothing is shown by
colour alone: components also have numbers and markers, curves have markers, classes have hatches.
Every function draws into ``ax``, or into a new figure, and returns the Axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gmm import _arrays, _energy_axis
from gmm._optional import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gmm._arrays import Float64

__all__ = ["criteria", "ellipses", "energies"]

#: Without yellow, which is faint on paper; dark and light alternate, to differ in grey prints.
_COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#000000")
_MARKERS: Final = ("o", "^", "s", "D", "v", "<", "p", ">", "h")
_HATCHES: Final = ("", "////", "....", "xxxx")
_LINES: Final = ("-", "--", "-.", ":")
_INK: Final = "#333333"


def ellipses(
    model: Any,
    X: Any = None,
    ax: Axes | None = None,
    *,
    features: tuple[int, int] = (0, 1),
    n_std: float | Sequence[float] = (1, 2),
) -> Axes:
    """Each component of a mixture as ellipses, in the plane of two features.

    Parameters
    ----------
    model : gmm.Mixture or GaussianMixture
        Fitted. With more than two features, the marginal of the two is drawn.
    X : array-like of shape (n, d), optional
        Samples to draw below, marked by their most likely component in all features.
    ax : matplotlib.axes.Axes, optional
    features : (int, int), default=(0, 1)
    n_std : float or sequence of float, default=(1, 2)
        Radii in standard deviations: 39 % of a component are within one, 86 % within two.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import gmm, pytest
    >>> matplotlib = pytest.importorskip("matplotlib")
    >>> matplotlib.use("agg")
    >>> mixture = gmm.Mixture([0.5, 0.5], [[0, 0], [4, 4]], [1, 2], covariance_type="spherical")
    >>> ax = gmm.plot.ellipses(mixture, mixture.sample(200)[0])
    >>> len(ax.patches)
    4
    """
    patches = require("matplotlib.patches", "gmm.plot")
    to_rgba = require("matplotlib.colors", "gmm.plot").to_rgba
    from gmm._sklearn_model import as_mixture

    mixture = as_mixture(model)
    i, j = _checked_features(features, mixture.n_features)
    ax = _axes(ax)
    if X is not None:
        _scatter(ax, mixture, X, i, j)
    radii = sorted(np.atleast_1d(np.asarray(n_std, dtype=float)), reverse=True)
    means, planes = mixture.means[:, [i, j]], _planes(mixture, i, j)
    for k in range(mixture.n_components):
        colour = _COLOURS[k % len(_COLOURS)]
        # Darker than the samples below, so that the lines stay visible.
        line = tuple(0.6 * part for part in to_rgba(colour)[:3])
        variances, axes = np.linalg.eigh(planes[k])
        angle = float(np.degrees(np.arctan2(axes[1, 1], axes[0, 1])))
        for rank, radius in enumerate(radii):
            inner = rank == len(radii) - 1
            minor, major = 2.0 * radius * np.sqrt(np.maximum(variances, 0.0))
            ellipse = patches.Ellipse(
                tuple(means[k]),
                major,
                minor,
                angle=angle,
                facecolor=to_rgba(colour, 0.12),
                edgecolor=line,
                linewidth=2.0 if inner else 1.3,
                linestyle="-" if inner else "--",
                zorder=3,
            )
            ax.add_patch(ellipse)
        ax.annotate(
            str(k),
            means[k],
            ha="center",
            va="center",
            fontsize=8,
            fontweight="bold",
            color=_INK,
            zorder=5,
            bbox={"boxstyle": "circle,pad=0.2", "fc": "white", "ec": line, "lw": 1.5},
        )
    ax.autoscale_view()
    names = getattr(model, "feature_names_in_", None)
    ax.set_xlabel(f"feature {i}" if names is None else str(names[i]))
    ax.set_ylabel(f"feature {j}" if names is None else str(names[j]))
    return _clean(ax)


def energies(
    energies: Any,
    X: Any = None,
    threshold: Any = None,
    ax: Axes | None = None,
    *,
    labels: Any = None,
    names: Mapping[Any, str] | Sequence[str] | None = None,
    bins: int = 40,
) -> Axes:
    """Histogram of energies, with the number above a threshold.

    The axis is linear where most energies are and logarithmic beyond, because energies of outliers
    may be a thousand times larger. Infinite ones are not drawn.

    Parameters
    ----------
    energies : array-like of shape (n,), or a model
        Numbers; or a fitted mixture, ``GaussianMixture`` or detector, to draw its energies of
        ``X``.
    X : array-like of shape (n, d), optional
        Samples, with a model. With numbers, the threshold may be passed here.
    threshold : float, optional
        Drawn as a line, labelled with the number of energies above it. By default the
        ``threshold_`` of the model, if it has one.
    ax : matplotlib.axes.Axes, optional
    labels : array-like of shape (n,), optional
        Classes; their histograms are drawn over each other, in the order of their values.
    names : mapping or sequence of str, optional
        Names of the classes; by default their values.
    bins : int, default=40

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import gmm, pytest
    >>> matplotlib = pytest.importorskip("matplotlib")
    >>> matplotlib.use("agg")
    >>> gmm.plot.energies([1.0, 2.0, 2.5, 40.0], threshold=10.0).get_xlabel()
    'energy (nats)'
    >>> detector = gmm.OutlierDetector(random_state=0).fit([[0.0], [1.0], [2.0], [50.0]])
    >>> ax = gmm.plot.energies(detector, [[0.5], [60.0]])
    """
    to_rgba = require("matplotlib.colors", "gmm.plot").to_rgba
    if _is_model(energies):
        if X is None:
            raise ValueError("energies of a model need samples; pass X")
        for own in ("threshold_", "threshold"):
            threshold = getattr(energies, own, None) if threshold is None else threshold
        energies = _energies_of(energies, X)
    elif X is not None:
        # Before models were accepted, the order was energies, threshold, ax.
        threshold, ax = X, ax if threshold is None else threshold
    values = np.asarray(_arrays.as_real(energies, 1, "energies"), dtype=np.float64)
    if not len(values):
        raise ValueError("there are no energies; pass at least one")
    ax = _axes(ax)
    groups: list[tuple[str | None, Float64]] = [(None, values)]
    if labels is not None:
        classes = np.asarray(_arrays.as_array(labels))
        if classes.shape != values.shape:
            raise ValueError(f"labels have the shape {classes.shape}; pass {values.shape}")
        found = np.unique(classes)
        groups = [(name, values[classes == one]) for one, name in _named(found.tolist(), names)]
    edges = _energy_axis.edges(ax, values, threshold, bins)
    for at, (name, of_group) in enumerate(groups):
        colour = _COLOURS[at % len(_COLOURS)]
        ax.hist(
            of_group,
            bins=edges.tolist(),
            histtype="stepfilled",
            facecolor=to_rgba(colour, 0.35),
            edgecolor=colour,
            hatch=_HATCHES[at % len(_HATCHES)],
            linewidth=1.4,
            label=None if name is None else f"{name} ({len(of_group)})",
        )
    if threshold is not None:
        above = int((values > threshold).sum())
        label = f"threshold {threshold:.4g}: {above} of {len(values)} above"
        ax.axvline(threshold, color=_INK, linestyle="--", linewidth=1.6, label=label)
    if threshold is not None or labels is not None:
        ax.legend(framealpha=0.85, edgecolor="none")
    ax.set_xlabel("energy (nats)")
    ax.set_ylabel("samples")
    return _clean(ax)


def criteria(
    n_components: Any, X: Any = None, ax: Axes | None = None, *, up_to: int = 8, **curves: Any
) -> Axes:
    """Criteria by number of components; the minimum of each is marked.

    Parameters
    ----------
    n_components : array-like of shape (m,), or GaussianMixture
        Numbers; or an estimator, fitted or not. Clones of it are fitted to ``X``, and BIC and AIC
        of 1 to ``up_to`` components are drawn.
    X : array-like of shape (n, d), optional
        Samples, with an estimator.
    ax : matplotlib.axes.Axes, optional
    up_to : int, default=8
        The largest number of components, with an estimator.
    **curves : array-like of shape (m,)
        One or more curves by name: ``bic=...``, ``aic=...``, or one for each covariance type,
        ``full=...``. NaN leaves a gap.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import gmm, pytest
    >>> matplotlib = pytest.importorskip("matplotlib")
    >>> matplotlib.use("agg")
    >>> ax = gmm.plot.criteria([1, 2, 3], bic=[120.0, 95.0, 101.0])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['BIC, least at 2']
    >>> X = [[0.0], [1.0], [8.0], [9.0]]
    >>> ax = gmm.plot.criteria(gmm.GaussianMixture(random_state=0), X, up_to=2)
    """
    require("matplotlib", "gmm.plot")
    if hasattr(n_components, "fit"):
        if X is None:
            raise ValueError("criteria of an estimator need samples; pass X")
        n_components, found = _criteria_of(n_components, X, up_to)
        curves = {**found, **curves}
    elif X is not None:
        ax = X  # Before estimators were accepted, the order was numbers, ax.
    if not curves:
        raise ValueError("there is no curve; pass one by name, such as bic=[...]")
    ks = np.asarray(_arrays.as_array(n_components), dtype=np.float64)
    ax = _axes(ax)
    for at, (name, curve) in enumerate(curves.items()):
        values = np.asarray(_arrays.as_array(curve), dtype=np.float64)
        if values.shape != ks.shape or not np.isfinite(values).any():
            raise ValueError(
                f"{name} has the shape {values.shape}; pass {ks.shape}, and not only NaN"
            )
        best = int(np.nanargmin(values))
        colour = _COLOURS[at % len(_COLOURS)]
        called = name.upper() if name in ("aic", "bic", "icl") else name
        ax.plot(
            ks,
            values,
            color=colour,
            linestyle=_LINES[at % len(_LINES)],
            marker=_MARKERS[at % len(_MARKERS)],
            markersize=6,
            linewidth=1.8,
            label=f"{called}, least at {ks[best]:g}",
        )
        ax.plot(
            ks[best],
            values[best],
            marker="o",
            markersize=15,
            markerfacecolor="none",
            markeredgecolor=colour,
            markeredgewidth=1.8,
        )
    ticker = require("matplotlib.ticker", "gmm.plot")
    ax.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    ax.set_xlabel("components")
    ax.set_ylabel("criterion (smaller is better)")
    ax.legend(framealpha=0.85, edgecolor="none")
    return _clean(ax)


def _is_model(values: Any) -> bool:
    scores = "score_samples", "decision_function", "energies", "infer_threshold"
    return any(hasattr(values, name) for name in scores)


def _energies_of(model: Any, X: Any) -> Any:
    """The energies of samples under a mixture, an estimator or a detector."""
    if hasattr(model, "energies"):
        return model.energies(X)
    if hasattr(model, "infer_threshold"):  # alibi-detect's interface.
        return model.score(X)
    if hasattr(model, "score_samples"):  # Also of a pipeline.
        return -model.score_samples(X)
    return model.decision_function(X)


def _criteria_of(estimator: Any, X: Any, up_to: int) -> tuple[list[int], dict[str, list[float]]]:
    from sklearn.base import clone

    samples = _arrays.as_real(X, 2, "samples")
    ks = list(range(1, min(up_to, len(samples)) + 1))
    fits = [clone(estimator).set_params(n_components=k).fit(samples) for k in ks]
    return ks, {name: [getattr(fit, name)(samples) for fit in fits] for name in ("bic", "aic")}


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    plt = require("matplotlib.pyplot", "gmm.plot")
    new: Axes = plt.subplots(figsize=(6.4, 4.4), layout="constrained")[1]
    return new


def _clean(ax: Axes) -> Axes:
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _named(
    classes: list[Any], names: Mapping[Any, str] | Sequence[str] | None
) -> list[tuple[Any, str]]:
    if isinstance(names, Mapping):
        return [(one, names.get(one, str(one))) for one in classes]
    if names is None:
        names = [str(one) for one in classes]
    if len(names) != len(classes):
        raise ValueError(
            f"there are {len(names)} names and {len(classes)} classes; pass a name for each"
        )
    return list(zip(classes, names, strict=True))


def _checked_features(features: tuple[int, int], d: int) -> tuple[int, int]:
    i, j = features
    if not (0 <= i < d and 0 <= j < d and i != j):
        raise ValueError(f"features are {features}; pass two different ones below {d}")
    return i, j


def _planes(mixture: Any, i: int, j: int) -> Float64:
    """Covariances of two features, of shape (k, 2, 2)."""
    pair = np.ix_([i, j], [i, j])
    cholesky = mixture.cholesky
    return np.stack([(lower @ lower.T)[pair] for lower in cholesky])


def _scatter(ax: Axes, mixture: Any, X: Any, i: int, j: int) -> None:
    samples = _arrays.as_real(X, 2, "samples")
    labels = mixture.predict(samples)
    # Many points form a texture: they are too small for shapes, and are rasterised to save space.
    many = len(samples) > 5_000
    size = float(np.clip(12_000.0 / len(samples), 3.0, 24.0))
    for k in np.unique(labels):
        rows = samples[labels == k]
        ax.scatter(
            rows[:, i],
            rows[:, j],
            s=size,
            marker="o" if many else _MARKERS[k % len(_MARKERS)],
            color=_COLOURS[k % len(_COLOURS)],
            alpha=0.25 if many else 0.5,
            linewidths=0,
            rasterized=many,
            zorder=1,
        )
