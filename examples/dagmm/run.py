"""Runs the experiment: ``python run.py --data FOLDER --set thyroid --seeds 20 --epochs 10000``.

Seeds that are already in the results are not run again, so sets can be run one after another, and
an interrupted run can continue.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import gmm
import torch
from measure import compare
from protocol import run_seed
from report import JUDGES, SETTINGS, Line, Record
from tables import SHIPPED, Table, read
from train import Settings

HERE = Path(__file__).resolve().parent


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with NAME.X.npy and NAME.y.npy")
    parser.add_argument("--set", default=SHIPPED, help=f"name of the set; default: {SHIPPED}")
    parser.add_argument("--seeds", type=int, default=20, help="seeds are 0, 1, ...")
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument(
        "--ops", choices=("gmm", "torch"), default="gmm", help="implementation of the loss"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-times", action="store_true", help="do not compare the two losses")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    options = arguments(given)
    torch.set_num_threads(options.threads)
    record = Record(options.out)
    table = read(options.set, options.data)
    with gmm.thread_limit(options.threads):
        if not options.no_times:
            compare_times(options, table, record)
        run_seeds(options, table, record)
    print(f"results are in {options.out.with_suffix('.md')}", file=sys.stderr)


def compare_times(options: argparse.Namespace, table: Table, record: Record) -> None:
    line: Line = {"kind": "time"}
    line |= {name: getattr(options, name) for name in ("set", "batch", "threads")}
    if not record.has(line):
        record.add(line | compare(table, _settings(options)))


def run_seeds(options: argparse.Namespace, table: Table, record: Record) -> None:
    for seed in range(options.seeds):
        line: Line = {"kind": "seed"}
        line |= {name: getattr(options, name) for name in SETTINGS}
        line |= {"seed": seed}
        if record.has(line):
            continue
        line |= run_seed(table, seed, options.ops, _settings(options))
        record.add(line)
        results = ", ".join(f"{judge} {_result_text(line[judge])}" for judge in JUDGES)
        print(f"{options.set} seed {seed}: F1 {results}", flush=True)


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(options.epochs, options.batch, options.learning_rate)


def _result_text(found: Line) -> str:
    return found.get("failed") or f"{found['f1']:.3f} ({found['seconds']:.1f} s)"


if __name__ == "__main__":
    main()
