"""Detects malignant samples with a model of benign ones, step by step.

Cells begin with ``# %%``, for Jupyter, VS Code and Spyder; ``python breast_cancer.py`` runs all of
them. Needs ``gmm`` and, for the plots, matplotlib.
"""

# %% The data
# 569 samples of 30 measurements: 357 benign, 212 malignant. When a detector is built, only ordinary
# samples are known, so the model is fitted to half of the benign samples. The labels of the other
# samples are used only to measure the result.

from __future__ import annotations

import csv
import importlib.util
import tempfile
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

import gmm

DATA = Path(__file__).resolve().parents[3] / "examples" / "data" / "breast_cancer.csv"
FOLDER = Path(tempfile.mkdtemp(prefix="gmm-example-"))
HAS_MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None

with DATA.open(newline="") as file:
    names, *rows = csv.reader(file)
features = names[1:]
samples = np.array([row[1:] for row in rows], dtype=float)
is_malignant = np.array([row[0] == "malignant" for row in rows])

benign = np.flatnonzero(~is_malignant)
learnt, held_out = benign[::2], np.concatenate([benign[1::2], np.flatnonzero(is_malignant)])
scaler = StandardScaler().fit(samples[learnt])
X, Z = scaler.transform(samples[learnt]), scaler.transform(samples[held_out])
y = is_malignant[held_out]
print(f"{len(X)} benign samples of {X.shape[1]} features to learn from, {len(Z)} others to judge")

# %% How many components?
# 179 samples are few for 30 features, so the parameters of more components cost more BIC than they
# gain: one component has the smallest. `contamination` sets the threshold that 5 % of the benign
# samples exceed.

candidates = [1, 2, 3]
models = [
    gmm.GaussianMixture(k, reg_covar=1e-3, n_init=5, contamination=0.05, random_state=0).fit(X)
    for k in candidates
]
bics = [float(model.bic(X)) for model in models]
model = models[int(np.argmin(bics))]
for k, bic in zip(candidates, bics, strict=True):
    print(f"k = {k}: BIC {bic:.1f}")
print(f"the least BIC has k = {model.n_components}")

# %% The energy of samples that it has not seen
# The energy of a sample is its negative log-density: large if the model finds it improbable.

energies = -model.score_samples(Z)
auc = float(roc_auc_score(y, energies))
found = energies > model.threshold_
print(f"ROC-AUC {auc:.3f}; above the threshold of {model.threshold_:.1f} are")
print(f"  {found[y].mean():.0%} of the malignant and {found[~y].mean():.0%} of the benign samples")

# %% Why this one?
# The contribution of each feature to the largest energy.

worst = int(np.argmax(energies))
shares = model.mixture_.attribution(Z[worst : worst + 1])[0]
for at in np.argsort(shares)[::-1][:3]:
    print(f"  {features[at]}: {shares[at]:.0f} of {energies[worst]:.0f} nats")

# %% Keep it
# Python, C, C++, Rust and the command line of gmm read the same model file. For use without gmm
# there is ONNX; see `gmm.to_onnx`.

path = FOLDER / "benign.safetensors"
model.save(path)
again = gmm.load(path)
assert np.array_equal(again.energies(Z), model.mixture_.energies(Z))
print(f"saved as {path.name}, {path.stat().st_size} bytes; scores are the same to the last bit")

# %% Without samples known to be ordinary
# All benign samples with 40 malignant ones among them, without labels: the detector leaves rare
# samples out of its fit. A plain fit to the same samples also fits the malignant ones.

mixed = np.concatenate([benign, np.flatnonzero(is_malignant)[:40]])
M, is_rare = StandardScaler().fit_transform(samples[mixed]), is_malignant[mixed]
detector = gmm.OutlierDetector(contamination=0.1, random_state=0).fit(M)
plain = gmm.GaussianMixture(4, reg_covar=1e-3, n_init=5, random_state=0).fit(M)
detector_auc = float(roc_auc_score(is_rare, detector.decision_scores_))
plain_auc = float(roc_auc_score(is_rare, -plain.score_samples(M)))
caught = int(detector.labels_[is_rare].sum())
print(f"{len(M)} samples, 40 of them malignant: {detector.labels_.sum()} called outliers")
print(f"  of the malignant {caught}; ROC-AUC {detector_auc:.3f}, a plain fit has {plain_auc:.3f}")

# %% Plots

pictures: list[Path] = []
if HAS_MATPLOTLIB:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.4), layout="constrained")
    gmm.plot.criteria(candidates, left, bic=bics)
    gmm.plot.energies(energies, model.threshold_, middle, labels=y, names=["benign", "malignant"])
    # Two of thirty features, with the model of the second candidate, which has one more component.
    gmm.plot.ellipses(models[1], X, right, features=(0, 1))
    right.set(xlabel=f"{features[0]} (scaled)", ylabel=f"{features[1]} (scaled)")
    pictures.append(FOLDER / "breast_cancer.png")
    figure.savefig(pictures[0], dpi=100)
    plt.close(figure)
    print(f"pictures are in {pictures[0]}")
