"""The record of results, line by line, and the tables made from it.

``results.jsonl`` has a line for each seed and each comparison of times. Lines are only appended, so
an interrupted run can continue. ``results.json`` and ``results.md`` are rewritten from all lines
whenever one is added.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

#: Settings that must be equal for seeds to be averaged.
SETTINGS = ("set", "ops", "epochs", "batch", "learning_rate")
JUDGES = ("trained", "untrained", "plain")
MEASURES = ("precision", "recall", "f1", "roc_auc", "average_precision")
TITLES = {"f1": "F1", "roc_auc": "ROC-AUC", "average_precision": "average precision"}
#: F1 of the paper, which does not report its spread over seeds.
PAPER_F1 = {"thyroid": 0.4782, "kddcup99_10": 0.9369}

Line = dict[str, Any]


class Record:
    """The lines of one experiment, and the files written from them."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.path = out.with_suffix(".jsonl")
        text = self.path.read_text() if self.path.exists() else ""
        self.lines: list[Line] = [line for line in map(_parsed, text.splitlines()) if line]
        # The last line of an interrupted run may be incomplete: the next line starts on a new one.
        self._is_cut = bool(text) and not text.endswith("\n")

    def has(self, line: Line) -> bool:
        """Whether there is a line with all entries of ``line``."""
        return any(line.items() <= _flat(found).items() for found in self.lines)

    def add(self, line: Line) -> None:
        with self.path.open("a") as file:
            file.write(("\n" if self._is_cut else "") + json.dumps(line) + "\n")
        self._is_cut = False
        self.lines.append(line)
        found = summary(self.lines)
        self.out.write_text(json.dumps(found, indent=1) + "\n")
        self.out.with_suffix(".md").write_text(markdown(found))


def summary(lines: list[Line]) -> Line:
    """Means and standard deviations over seeds for each setting, and the times."""
    groups: dict[tuple[Any, ...], list[Line]] = {}
    for line in lines:
        if line["kind"] == "seed":
            groups.setdefault(tuple(line[name] for name in SETTINGS), []).append(line)
    experiments = [
        {
            **dict(zip(SETTINGS, settings, strict=True)),
            "seeds": len(seeds),
            "n_train": statistics.mean(seed["n_train"] for seed in seeds),
            "ms_per_step": _mean_and_deviation(
                [seed["ms_per_step"] for seed in seeds if "ms_per_step" in seed]
            ),
            **{judge: _over_seeds([seed[judge] for seed in seeds]) for judge in JUDGES},
        }
        for settings, seeds in sorted(groups.items())
    ]
    return {"experiments": experiments, "times": [line for line in lines if line["kind"] == "time"]}


def _over_seeds(found: list[Line]) -> Line:
    ended = [line for line in found if "failed" not in line]
    reasons = [line["failed"] for line in found if "failed" in line]
    return {
        **{name: _mean_and_deviation([line[name] for line in ended]) for name in MEASURES},
        "seconds": _mean_and_deviation([line["seconds"] for line in ended]),
        "failed": len(reasons),
        "reasons": sorted(set(reasons)),
    }


def _mean_and_deviation(values: list[float]) -> list[float] | None:
    if not values:
        return None
    return [statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0]


def markdown(found: Line) -> str:
    """The tables of ``results.md``."""
    text = "# Results\n\nWritten by `run.py`; means and standard deviations over seeds.\n"
    for one in found["experiments"]:
        text += (
            f"\n## {one['set']}: {one['seeds']} seeds, {one['epochs']} epochs, "
            f"loss by {one['ops']}\n\n"
            f"{one['n_train']:.0f} samples to learn from on average, batches of about "
            f"{one['batch']}, learning rate {one['learning_rate']:g}."
        )
        if one["set"] in PAPER_F1:
            text += f" The paper has an F1 of {PAPER_F1[one['set']]}."
        text += "\n\n" + _table(
            ["", *(TITLES.get(name, name) for name in MEASURES), "failed", "s a seed"],
            [
                [
                    judge,
                    *(_shown(one[judge][name]) for name in MEASURES),
                    str(one[judge]["failed"]),
                    _shown(one[judge]["seconds"], digits=1),
                ]
                for judge in JUDGES
            ],
        )
        reasons = {reason for judge in JUDGES for reason in one[judge]["reasons"]}
        text += "".join(f"\nFailed: {reason}\n" for reason in sorted(reasons))
    if found["times"]:
        text += "\n## Time\n\nMedians, both in turns; the loss is with its gradients.\n\n"
        text += _table(
            ["", "threads", "steps", "s an epoch: gmm", "torch", "ms a loss: gmm", "torch"],
            [
                [
                    time["set"],
                    str(time["threads"]),
                    str(time["n_batches"]),
                    *(f"{time['seconds_per_epoch'][ops]:.4f}" for ops in ("gmm", "torch")),
                    *(f"{time['loss_ms'][ops]:.3f}" for ops in ("gmm", "torch")),
                ]
                for time in found["times"]
            ],
        )
    return text


def _shown(value: list[float] | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value[0]:.{digits}f} ± {value[1]:.{digits}f}"


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _parsed(text: str) -> Line | None:
    try:
        line: Line = json.loads(text)
    except json.JSONDecodeError:
        return None
    return line


def _flat(line: Line) -> Line:
    return {name: value for name, value in line.items() if not isinstance(value, dict)}
