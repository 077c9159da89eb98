"""What tests have in common: where the golden values are, how to read them, and data to fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests" / "golden"


def golden_index(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text())


class Golden:
    """The arrays of one case, by name."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        file = case.get("file", f"{case['name']}.npy")
        self._values = np.load(GOLDEN / file)

    def __getitem__(self, name: str) -> Any:
        about = self.case["arrays"][name]
        shape = about["shape"]
        return self._values[about["offset"] :][: int(np.prod(shape))].reshape(shape)


@pytest.fixture
def blobs() -> Any:
    """600 samples of three groups in four features."""
    rng = np.random.default_rng(7)
    centres = np.array([[0.0, 0, 0, 0], [6, 0, 0, 3], [0, 7, 2, 0]])
    return np.concatenate([centre + rng.normal(size=(200, 4)) for centre in centres])
