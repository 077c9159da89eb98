"""The picture of README: a mixture of the breast cancer data, and what it says of other samples.

``python bindings/python/examples/picture.py docs/pictures`` writes it. The cells
begin with ``# %%``, as Jupyter, VS Code and Spyder know them. It needs ``gmm`` and matplotlib.
"""

# %% The data
# Two measurements for the left picture, all thirty for the right one. A detector learns from half
# of the benign samples; the other samples are scored.

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

import gmm

DATA = Path(__file__).resolve().parents[3] / "examples" / "data" / "breast_cancer.csv"

with DATA.open(newline="") as file:
    names, *rows = csv.reader(file)
samples = np.array([row[1:] for row in rows], dtype=float)
is_malignant = np.array([row[0] == "malignant" for row in rows])
benign = np.flatnonzero(~is_malignant)
train, test = benign[::2], np.concatenate([benign[1::2], np.flatnonzero(is_malignant)])
scaled = (samples - samples[train].mean(axis=0)) / samples[train].std(axis=0)

# %% The mixtures

plane = gmm.GaussianMixture(3, n_init=5, random_state=0).fit(samples[:, :2])
detector = gmm.GaussianMixture(1, reg_covar=1e-3, contamination=0.05).fit(scaled[train])
energies = -detector.score_samples(scaled[test])

# %% The drawing
# Text stays text, and equal pictures are equal files: no date, no random names.

plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "gmm"})
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
gmm.plot.ellipses(plane, samples[::3, :2], left)
left.set(xlabel="mean radius", ylabel="mean texture", title="Three components, 1 and 2 deviations")
gmm.plot.energies(
    energies, detector.threshold_, right, labels=is_malignant[test], names=["benign", "malignant"]
)
right.set_title("Energies under a mixture of benign samples")

# %% The file

OUTPUT = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()) / "breast-cancer.svg"
figure.savefig(OUTPUT, metadata={"Date": None})
plt.close(figure)
