"""Measures how well `gmm detect` finds labelled outliers; writes docs/detection.md.

    cargo build --release -p gmm-cli
    python benches/quality/detection.py DATA

DATA holds, for each set, NAME.X.npy (n x d; or NAME.X.0.npy, NAME.X.1.npy, ..., to be stacked), NAME.y.npy (1 is an
outlier) and peers/NAME.json (the results of scikit-learn's GaussianMixture). The program is run as users run it: on a
file, with its defaults and the fraction of outliers. Only the two measures here use the labels. Needs numpy. The exit
status is 1 if a set is below its bar.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]

SETS = ["thyroid", "mammography", "cardio", "satellite", "shuttle", "arrhythmia", "http"]

# The bar is the better of the peer's two figures minus this.
ALLOWANCE = 0.02

TEMPLATE = ROOT / "benches" / "quality" / "detection.template.md"


def roc_auc(is_outlier, energies):
    """The fraction of (outlier, other row) pairs in which the outlier has the larger energy; a tie counts half."""
    _, where, counts = np.unique(energies, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    n_outliers = int(is_outlier.sum())
    n_pairs = n_outliers * (len(is_outlier) - n_outliers)
    return (ranks[where][is_outlier].sum() - n_outliers * (n_outliers + 1) / 2) / n_pairs


def average_precision(is_outlier, energies):
    """The mean of the precision at each outlier; rows of equal energy are taken together."""
    values, where = np.unique(-energies, return_inverse=True)
    found = np.bincount(where, weights=is_outlier, minlength=len(values))
    taken = np.bincount(where, minlength=len(values))
    precision = np.cumsum(found) / np.cumsum(taken)
    return (precision * found).sum() / found.sum()


class Runner:
    """The program, with a folder for its input data."""

    def __init__(self, program, folder):
        self.program, self.data = program, Path(folder) / "data.npy"

    def measure(self, rows, is_outlier, seed, contamination=None):
        """ROC-AUC, average precision and seconds of one run, including reading and writing."""
        np.save(self.data, rows)
        asked = [self.program, "detect", self.data, "--seed", str(seed), "--quiet", "--no-header"]
        if contamination is not None:
            asked += ["--contamination", str(contamination)]
        began = time.perf_counter()
        done = subprocess.run(asked, check=True, stdout=subprocess.PIPE)
        seconds = time.perf_counter() - began
        energies = np.array([float(line.split(b",")[0]) for line in done.stdout.splitlines()])
        assert len(energies) == len(rows)
        return roc_auc(is_outlier, energies), average_precision(is_outlier, energies), seconds


def load(data, name):
    parts = sorted(data.glob(f"{name}.X.npy")) or sorted(data.glob(f"{name}.X.*.npy"))
    rows = np.vstack([np.load(part) for part in parts])
    return rows, np.load(data / f"{name}.y.npy") == 1


def peer(data, name):
    """The peer's results for K chosen by BIC and for K = 1: (K, ROC-AUC, average precision)."""
    found = json.loads((data / "peers" / f"{name}.json").read_text())["sklearn_gmm_full"]
    one = next(fit for fit in found["sweep"] if fit["K"] == 1)
    return [(fit["K"], fit["roc_auc"], fit["avg_precision"]) for fit in (found["best_by_bic"], one)]


def span(values):
    """The range from least to greatest; one number if both print alike."""
    low, high = (f"{value:.3f}".removeprefix("0") for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def labelled_sets(runner, data, seeds):
    """The table with the bars, the table of contaminations, and the sets below their bars."""
    against, unknown, missed = [], [], []
    for name in SETS:
        rows, is_outlier = load(data, name)
        share = is_outlier.mean()
        by_bic, single = peer(data, name)
        bar = max(by_bic[1], single[1]) - ALLOWANCE
        runs = [runner.measure(rows, is_outlier, seed, share) for seed in range(seeds)]
        aucs, precisions, seconds = zip(*runs)
        if min(aucs) < bar:
            missed.append(name)
        shape = f"{len(rows)} x {rows.shape[1]}"
        against.append(
            [name, shape, f"{100 * share:.1f} %", f"**{span(aucs)}**", span([bar]), span([by_bic[1]]),
             span([single[1]]), span(precisions), span([by_bic[2]]), span([single[2]]), f"{min(seconds):.2f}"]
        )
        print(" ".join(against[-1]), flush=True)
        shares = [share / 2, min(2 * share, 0.4), 0.05, None, 0.2]
        guesses = [
            [runner.measure(rows, is_outlier, seed, guess)[0] for seed in range(min(seeds, 2))] for guess in shares
        ]
        unknown.append([name, span(aucs), *map(span, guesses)])
        print(" ".join(unknown[-1]), flush=True)
    head = ["set", "shape", "outliers", "ROC-AUC", "bar", "by BIC", "K = 1", "AP", "AP by BIC", "AP of K = 1", "s"]
    head_unknown = ["set", "known", "half", "twice, at most .4", ".05", "not given: .1", ".2"]
    return table(head, against), table(head_unknown, unknown), missed


def tight_group(random, share, d=6, n=2000):
    """One correlated cloud, and one small group beside it with a fifth of its deviations."""
    m = int(share * n)
    axes = np.linalg.qr(random.normal(size=(d, d)))[0] * np.exp(random.uniform(np.log(0.3), np.log(3), d))
    cloud = random.normal(size=(n - m, d)) @ axes.T
    group = 0.2 * random.normal(size=(m, d)) + 2.5 * random.normal(size=d)
    return np.vstack([cloud, group]), np.arange(n) >= n - m


def five_groups(random, n=1900, m=100):
    """Five clouds of unequal size in three dimensions, the smallest with 5 % of the rows, and noise in their box."""
    while True:
        centres = random.uniform(-13.6, 13.6, (5, 3))
        apart = np.linalg.norm(centres[:, None] - centres[None], axis=2) + 1e9 * np.eye(5)
        if apart.min() > 8:
            break
    group = random.choice(5, n, p=[0.4, 0.25, 0.2, 0.1, 0.05])
    rows = centres[group] + random.normal(size=(n, 3))
    noise = random.uniform(rows.min(0), rows.max(0), (m, 3))
    return np.vstack([rows, noise]), np.arange(n + m) >= n


def ring(random, n=1900, m=100):
    """A ring, which a small number of clouds cannot describe, with noise in and around it."""
    angle = random.uniform(0, 2 * np.pi, n)
    rows = np.column_stack([np.cos(angle), np.sin(angle)]) * 5 + 0.3 * random.normal(size=(n, 2))
    return np.vstack([rows, random.uniform(-6, 6, (m, 2))]), np.arange(n + m) >= n


def made_sets(runner, seeds):
    """Tables of hard cases: tight groups by their size, and shapes by the claimed contamination."""

    def measured(make, claim, *arguments):
        draws = (make(np.random.RandomState(seed), *arguments) for seed in range(seeds))
        return span([runner.measure(*draw, 0, claim)[0] for draw in draws])

    def as_text(values):
        return [f"{100 * value:g} %" for value in values]

    shares = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3]
    tight = [["ROC-AUC", *(measured(tight_group, share, share) for share in shares)]]
    claims = [0.025, 0.05, 0.1, 0.2, 0.3]
    shaped = [
        [name, *(measured(make, claim) for claim in claims)]
        for name, make in [("five groups, 5 % noise", five_groups), ("a ring, 5 % noise", ring)]
    ]
    return table(["the group is", *as_text(shares)], tight), table(["claimed", *as_text(claims)], shaped)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--gmm", type=Path, default=ROOT / "target" / "release" / "gmm", help="the program")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "detection.md")
    parser.add_argument("--seeds", type=int, default=5, help="runs of each set (5)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(args.gmm, folder)
        against, unknown, missed = labelled_sets(runner, args.data, args.seeds)
        tight, shaped = made_sets(runner, args.seeds)
    text = TEMPLATE.read_text()
    for name, value in dict(
        against=against, unknown=unknown, tight=tight, shaped=shaped, seeds=str(args.seeds)
    ).items():
        text = text.replace("{" + name + "}", value)
    args.output.write_text(text)
    print(tight, shaped, sep="\n\n")
    if missed:
        print("below the bar:", *missed)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
