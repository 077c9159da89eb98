"""Tables of labelled samples, and their halves for training and test.

- :func:`read` reads a set from a folder, or the one that comes with the project;
- :func:`halve` splits its rows: normal ones for training, and others for the test.

Nothing of the test half is used in training, not even its range.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

#: The set that needs no folder.
SHIPPED = "breast_cancer"
_SHIPPED_FILE = Path(__file__).resolve().parents[1] / "data" / "breast_cancer.csv"


@dataclass(frozen=True)
class Table:
    """``samples`` (n, d) of float32, and ``is_anomaly`` (n,)."""

    name: str
    samples: Any
    is_anomaly: Any


@dataclass(frozen=True)
class Halves:
    """Training samples, all normal, and test samples, with their row numbers in the table."""

    train: Any
    test: Any
    test_is_anomaly: Any
    train_rows: Any
    test_rows: Any


def read(name: str, folder: Path | None = None) -> Table:
    """The set ``name`` of ``folder``; without a folder, the one that comes with the project."""
    if folder is None:
        if name != SHIPPED:
            raise FileNotFoundError(f"{name} does not come with the project; pass --data FOLDER")
        return _shipped()
    labels = np.load(folder / f"{name}.y.npy") == 1
    whole, continuous = folder / f"{name}.X.npy", folder / f"{name}.cont.npy.gz"
    if whole.exists():
        samples = np.load(whole)
    elif continuous.exists():
        binary = folder / f"{name}.bin.npy.gz"
        samples = np.concatenate([_unzipped(continuous), _unzipped(binary)], axis=1)
    else:
        raise FileNotFoundError(f"{folder} has neither {whole.name} nor {continuous.name}")
    if len(samples) != len(labels):
        raise ValueError(f"{name} has {len(samples)} samples and {len(labels)} labels")
    return Table(name, samples.astype(np.float32), labels)


def _shipped() -> Table:
    with _SHIPPED_FILE.open(newline="") as file:
        _, *rows = csv.reader(file)
    samples = np.array([row[1:] for row in rows], dtype=np.float32)
    return Table(SHIPPED, samples, np.array([row[0] == "malignant" for row in rows]))


def _unzipped(path: Path) -> Any:
    # As float32 at once: the one-hot columns are stored as bytes.
    with gzip.open(path) as file:
        return np.lib.format.read_array(file).astype(np.float32)


def halve(table: Table, seed: int) -> Halves:
    """Splits the rows: half for the test, and the normal ones of the other half for training.

    Features are scaled to 0..1 over the training samples. Test samples may leave that range and are
    not clipped: the distance from it is what reveals an anomaly.
    """
    order = np.random.default_rng(seed).permutation(len(table.samples))
    middle = len(order) // 2
    train_rows, test_rows = order[:middle], order[middle:]
    train_rows = train_rows[~table.is_anomaly[train_rows]]
    train = table.samples[train_rows]
    least, greatest = train.min(axis=0), train.max(axis=0)
    # A constant column is only shifted. So a one-hot column that is 0 for all normal rows is still
    # 1 for the anomalies that have this value.
    width = np.where(greatest > least, greatest - least, np.float32(1))
    return Halves(
        train=(train - least) / width,
        test=(table.samples[test_rows] - least) / width,
        test_is_anomaly=table.is_anomaly[test_rows],
        train_rows=train_rows,
        test_rows=test_rows,
    )
