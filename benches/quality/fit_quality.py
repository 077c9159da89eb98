#!/usr/bin/env python3
"""Compares the mixtures that `gmm fit` finds with scikit-learn's, on real data.

    python benches/quality/fit_quality.py DATA

DATA is a directory of samples, one set a file: `<set>.X.npy`; or parts `<set>.X.0.npy`, `<set>.X.1.npy`, ...
to be stacked; or `<set>.cont.npy.gz` and `<set>.bin.npy.gz`, whose columns are joined. Every set is
standardised in double precision; a constant column becomes zeros.

For every set, covariance type and number of components:

    fails      gmm fit --n-init 1 with seeds 0..4: refused fits, and models with non-finite values
    quality    gmm fit --n-init 5 --seed 0, compared with GaussianMixture(n_init=5, random_state=0)

All other options are the defaults, which are equal on both sides: tol 1e-3, at most 100 iterations,
reg_covar 1e-6, starts by k-means. With more than one restart, `gmm fit` by default continues with random swaps
from the best (docs/math/em.md). scikit-learn does not, so the report lists the times of both too. Both
mixtures are judged by the same formula in the same code: the mean log-density, in nats, of the samples that the
mixture was fitted to, as scikit-learn computes it in double precision from weights, means and covariances. For
each of our mixtures this value is also compared with the result of `gmm score`.

Each result is saved at once, in one of two files of the cache directory: one for scikit-learn (by its version)
and one for ours (by the digest of the program). An interrupted run continues where it stopped, and no fit of
scikit-learn is repeated. Both sides run on one thread.

Needs numpy, scikit-learn and safetensors.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import gzip
import hashlib
import json
import platform
import re
import resource
import subprocess
import sys
import tempfile
import textwrap
import warnings
from pathlib import Path

import numpy as np
import sklearn
from safetensors.numpy import load_file
from sklearn.mixture import GaussianMixture
from sklearn.mixture._gaussian_mixture import _compute_precision_cholesky

# From cheap to expensive.
SETS = ["iris", "wine", "breast_cancer", "thyroid", "cardio", "mammography", "digits", "arrhythmia", "satellite",
        "shuttle", "kddcup99_10", "http"]
COMPONENTS = [1, 2, 5, 10, 20]
STRUCTURES = ["full", "tied", "diag", "spherical"]
SEEDS = range(5)
RESTARTS = 5
# How far a mixture of ours may be below scikit-learn's, in nats a sample, and the fraction that must satisfy this.
MARGIN = 1e-3
SHARE = 0.95
# Larger sets are sampled if they are listed here.
ROWS = {"kddcup99_10": 20_000}
ROWS_SEED = 0


def load(data, name):
    """The samples of a set, standardised (n x d, float64)."""
    read = lambda path: np.load(gzip.open(path) if path.suffix == ".gz" else path).astype(np.float64)
    whole = data / f"{name}.X.npy"
    parts = sorted(data.glob(f"{name}.X.[0-9]*.npy"), key=lambda path: int(path.name.split(".")[-2]))
    columns = [data / f"{name}.{part}.npy.gz" for part in ("cont", "bin")]
    if whole.exists():
        samples = read(whole)
    elif parts:
        samples = np.concatenate([read(path) for path in parts])
    elif columns[0].exists():
        samples = np.hstack([read(path) for path in columns])
    else:
        raise SystemExit(f"{data} has no set named {name}")
    if name in ROWS:
        rows = np.random.default_rng(ROWS_SEED).choice(len(samples), ROWS[name], replace=False)
        samples = samples[np.sort(rows)]
    deviations = samples.std(axis=0)
    samples -= samples.mean(axis=0)
    return np.ascontiguousarray(samples / np.where(deviations > 0, deviations, 1.0))


class Cache:
    """A JSON file of results, written after every change."""

    def __init__(self, path):
        self.path = path
        self.values = json.loads(path.read_text()) if path.exists() else {}

    def get(self, key, measure):
        if key not in self.values:
            self.values[key] = measure()
            new = self.path.with_suffix(".new")
            new.write_text(json.dumps(self.values, indent=0, sort_keys=True))
            new.replace(self.path)
        return self.values[key]


def judge(structure, weights, means, covariances, samples):
    """The mean log-density of the samples, by scikit-learn."""
    mixture = GaussianMixture(len(weights), covariance_type=structure)
    mixture.weights_, mixture.means_, mixture.covariances_ = weights, means, covariances
    mixture.precisions_cholesky_ = _compute_precision_cholesky(covariances, structure)
    with np.errstate(divide="ignore"):  # the logarithm of a weight of zero
        pieces = range(0, len(samples), 1 << 16)
        return float(sum(mixture.score_samples(samples[at:at + (1 << 16)]).sum() for at in pieces) / len(samples))


def cpu_seconds(who):
    """Processor time so far: for one thread, the elapsed time on an idle machine."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def number(value):
    """A number as JSON can hold it, which has no infinities."""
    return value if np.isfinite(value) else str(value)


class Ours:
    def __init__(self, program, scratch):
        self.program, self.scratch = program, scratch

    def fit(self, samples, path, k, structure, *options, score=False):
        """One run of `gmm fit`: its result, or why it failed."""
        model = self.scratch / "model.safetensors"
        model.unlink(missing_ok=True)
        command = [self.program, "fit", str(path), "-k", str(k), "--covariance", structure, "--threads", "1",
                   *options, "-o", str(model)]
        began = cpu_seconds(resource.RUSAGE_CHILDREN)
        run = subprocess.run(command, capture_output=True, text=True)
        result = {"seconds": round(cpu_seconds(resource.RUSAGE_CHILDREN) - began, 3)}
        if run.returncode != 0:
            return result | {"failed": f"exit code {run.returncode}: {run.stderr.strip()}"}
        found = load_file(model)
        weights, means, covariances = found["weights"], found["means"], found["covariances"]
        if not all(np.isfinite(tensor).all() for tensor in found.values()):
            return result | {"failed": "a model with numbers that are not finite"}
        value = judge(structure, weights, means, covariances, samples)
        said = re.search(r"iterations +(\d+), (.+)", run.stderr)
        result |= {"log_likelihood": number(value), "iterations": int(said[1]), "converged": said[2] == "converged"}
        if not np.isfinite(value):
            return result | {"failed": "a log-likelihood that is not finite"}
        if score:
            command = [self.program, "score", str(model), str(path), "--no-header", "--threads", "1", "--quiet"]
            energies = np.array(subprocess.run(command, capture_output=True, check=True).stdout.split(), dtype=float)
            result["by_gmm_score"] = number(float(-energies.mean()))
        return result


def fit_sklearn(samples, k, structure):
    mixture = GaussianMixture(k, covariance_type=structure, n_init=RESTARTS, random_state=0)
    began = cpu_seconds(resource.RUSAGE_SELF)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mixture.fit(samples)
    except ValueError as error:
        return {"seconds": round(cpu_seconds(resource.RUSAGE_SELF) - began, 3), "failed": str(error).strip().split(". ")[0]}
    seconds = round(cpu_seconds(resource.RUSAGE_SELF) - began, 3)
    value = judge(structure, mixture.weights_, mixture.means_, mixture.covariances_, samples)
    result = {"seconds": seconds, "log_likelihood": number(value), "iterations": mixture.n_iter_,
              "converged": mixture.converged_}
    return result if np.isfinite(value) else result | {"failed": "a log-likelihood that is not finite"}


# Options that are tried if ours is below, and the reason that a success shows.
PROBES = {
    "seed": (["--n-init", str(RESTARTS), "--seed", "1"], "chance: another seed closes the gap"),
    "restarts": (["--n-init", "25", "--seed", "0"], "too short a search: 25 restarts and their swaps close the gap"),
    "tolerance": (["--n-init", str(RESTARTS), "--seed", "0", "--tol", "1e-6", "--max-iter", "2000"],
                  "the tolerance: more iterations close the gap"),
    "both": (["--n-init", "25", "--seed", "0", "--tol", "1e-6", "--max-iter", "2000"],
             "both: 25 restarts with more iterations close the gap"),
}


def measure(args, ours, theirs):
    """Fills the caches."""
    for name in args.only:
        samples = load(args.data, name)
        with tempfile.TemporaryDirectory() as scratch:
            scratch = Path(scratch)
            path = scratch / f"{name}.npy"
            np.save(path, samples)
            gmm = Ours(args.program, scratch)
            ours.get(f"{name} shape", lambda: list(samples.shape))
            for structure in STRUCTURES:
                for k in COMPONENTS:
                    key = f"{name} {structure} {k}"
                    for seed in SEEDS:
                        ours.get(f"{key} seed {seed}",
                                 lambda: gmm.fit(samples, path, k, structure, "--n-init", "1", "--seed", str(seed)))
                    best = ours.get(f"{key} best", lambda: gmm.fit(
                        samples, path, k, structure, "--n-init", str(RESTARTS), "--seed", "0", score=True))
                    if not args.ours_only:
                        theirs.get(key, lambda: fit_sklearn(samples, k, structure))
                    difference = compare(best, theirs.values.get(key))
                    print(f"{key:32} {best.get('log_likelihood', best.get('failed'))}  {difference}", flush=True)
                    if args.probe and isinstance(difference, float) and difference < -MARGIN:
                        for probe, (options, _) in PROBES.items():
                            ours.get(f"{key} {probe}", lambda: gmm.fit(samples, path, k, structure, *options))


def compare(best, peer):
    """Ours minus theirs in nats, or which side failed, or None if one of them is missing."""
    if best is None or peer is None:
        return None
    if "failed" in best or "failed" in peer:
        failed = [who for who, result in (("ours", best), ("scikit-learn", peer)) if "failed" in result]
        return " and ".join(failed) + " failed"
    return best["log_likelihood"] - peer["log_likelihood"]


def machine():
    try:
        cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())[1]
    except (OSError, TypeError):
        cpu = platform.processor() or platform.machine()
    return f"{cpu}, {os.cpu_count()} cores, of which one was used"


def report(args, ours, theirs):
    """The text of the report."""
    done, failed, peer_failed, below, rows, off, ahead = 0, [], [], [], {}, 0.0, 0
    n_fits = 0
    for name in SETS:
        for structure in STRUCTURES:
            for k in COMPONENTS:
                key = f"{name} {structure} {k}"
                best, peer = ours.values.get(f"{key} best"), theirs.values.get(key)
                for what in [f"seed {seed}" for seed in SEEDS] + ["best"]:
                    result = ours.values.get(f"{key} {what}")
                    n_fits += result is not None
                    if result is not None and "failed" in result:
                        failed.append((key, what, result["failed"]))
                if peer is not None and "failed" in peer:
                    peer_failed.append((key, peer["failed"]))
                difference = compare(best, peer)
                if best is None:
                    continue
                rows.setdefault(name, []).append((structure, k, best, peer, difference))
                if "by_gmm_score" in best:
                    mine, by_score = best["log_likelihood"], best["by_gmm_score"]
                    off = max(off, abs(mine - by_score) / max(1.0, abs(mine)))
                if difference is None:
                    continue
                done += 1
                if difference == "ours failed" or isinstance(difference, float) and difference < -MARGIN:
                    below.append((name, structure, k, difference))
                ahead += isinstance(difference, float) and difference > MARGIN

    show = lambda result, what: "-" if result is None else "failed" if "failed" in result else format(result[what], ".4f")
    seconds = lambda result: "-" if result is None else f"{result['seconds']:.2f}"
    signed = lambda difference: f"{difference:+.4f}" if isinstance(difference, float) else difference or "-"
    out = ["# How good the fits are", ""]
    out += [f"Written by `benches/quality/fit_quality.py`, which explains the measurements; do not edit. "
            f"gmm {args.version}, scikit-learn {sklearn.__version__}, numpy {np.__version__}, "
            f"Python {platform.python_version()}; {machine()}.", ""]
    total = len(SETS) * len(STRUCTURES) * len(COMPONENTS)
    out += [f"Log-likelihoods are means over samples, in nats, of the best of {RESTARTS} restarts. Seconds are processor time of "
            f"those {RESTARTS} restarts; on our side the swaps after them and reading the file are included.", ""]
    sampled = "; ".join(f"of {name} {rows:,} rows drawn at random".replace(",", " ") for name, rows in ROWS.items())
    out += [f"Sets are standardised and taken whole; {sampled}.", ""]
    kept = done - len(below)
    compared = [row for results in rows.values() for row in results if row[3] is not None]
    total_of = lambda side: f"{sum(row[side]['seconds'] for row in compared):.0f}"
    out += ["| requirement | result |", "|---|---|",
            f"| combinations of set, covariance type and number of components | {done} of {total} measured |",
            f"| fits of ours that failed or have a non-finite number | {len(failed)} of {n_fits} |",
            f"| fits of scikit-learn's that failed | {len(peer_failed)} of {done} |",
            f"| at most {MARGIN:g} nats below scikit-learn, on {SHARE:.0%} | {kept} of {done}"
            + (f", {kept / done:.1%} |" if done else " |"),
            f"| more than {MARGIN:g} nats above scikit-learn | {ahead} of {done} |",
            f"| largest disagreement of `gmm score` with the judge | {off:.1e} of the value |",
            f"| seconds in all: ours, scikit-learn's | {total_of(2)}, {total_of(3)} |", ""]

    out += ["## By set", "", f"| set | rows | columns | measured | below by more than {MARGIN:g} | equal | above | "
            "median difference | seconds, ours | seconds, scikit-learn |", "|---|---|---|---|---|---|---|---|---|---|"]
    for name, results in rows.items():
        differences = [row[4] for row in results if isinstance(row[4], float)]
        both = [row for row in results if row[3] is not None]
        n, d = ours.values.get(f"{name} shape", ("-", "-"))
        median = f"{np.median(differences):+.4f}" if differences else "-"
        lower = sum(difference < -MARGIN for difference in differences)
        upper = sum(difference > MARGIN for difference in differences)
        out.append(f"| {name} | {n} | {d} | {len(both)} | {lower} | {len(differences) - lower - upper} | {upper} | {median} | "
                   f"{sum(row[2]['seconds'] for row in both):.1f} | {sum(row[3]['seconds'] for row in both):.1f} |")
    out.append("")

    out += [f"## Below scikit-learn by more than {MARGIN:g} nats", ""]
    if below:
        out += ["Spread is the difference between the best and the worst of five single fits of ours: what the choice of a start "
                "is worth there. The columns after it are ours less scikit-learn's with seed 1; with 25 restarts; with tol "
                "1e-6 and at most 2000 iterations; and with these two. The reason is the first of them that closes the gap.", "",
                "| set | structure | components | difference | spread | seed 1 | 25 restarts | tol 1e-6 | both | reason |",
                "|---|---|---|---|---|---|---|---|---|---|"]
    for name, structure, k, difference in below:
        key = f"{name} {structure} {k}"
        values = [ours.values.get(f"{key} seed {seed}", {}).get("log_likelihood") for seed in SEEDS]
        values = [value for value in values if isinstance(value, float)]
        spread = f"{max(values) - min(values):.4f}" if values else "-"
        probes = {probe: compare(ours.values.get(f"{key} {probe}"), theirs.values[key]) for probe in PROBES}
        closes = lambda probe: isinstance(probes[probe], float) and probes[probe] >= -MARGIN
        reasons = [reason for probe, (_, reason) in PROBES.items() if closes(probe)]
        reason = reasons[0] if reasons else "-"
        if not reasons and all(value is not None for value in probes.values()):
            reason = "another local optimum, which 25 restarts and their swaps do not find"
        columns = " | ".join(signed(probes[probe]) for probe in PROBES)
        out.append(f"| {name} | {structure} | {k} | {signed(difference)} | {spread} | {columns} | {reason} |")
    out += ["" if below else "None.", ""]

    out += ["## Failures", ""]
    out += [f"- gmm, {key}, {what}: {why}" for key, what, why in failed]
    out += [f"- scikit-learn, {key}: {why}" for key, why in peer_failed]
    out += ["" if failed or peer_failed else "None.", ""]

    for name, results in rows.items():
        out += [f"## {name}", "", "| structure | components | gmm | scikit-learn | difference | seconds, ours | scikit-learn |",
                "|---|---|---|---|---|---|---|"]
        out += [f"| {structure} | {k} | {show(best, 'log_likelihood')} | {show(peer, 'log_likelihood')} | "
                f"{signed(difference)} | {seconds(best)} | {seconds(peer)} |"
                for structure, k, best, peer, difference in results]
        out.append("")
    wrapped = lambda line: line if line.startswith("|") else textwrap.fill(line, 118, break_on_hyphens=False)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(map(wrapped, out))).rstrip() + "\n"


def main():
    root = Path(__file__).resolve().parents[2] if len(Path(__file__).resolve().parents) > 2 else Path.cwd()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, metavar="DATA", help="directory of the sets")
    parser.add_argument("--program", default=str(root / "target/release/gmm"), help="default: %(default)s")
    parser.add_argument("--cache", type=Path, default=root / "target/quality", help="default: %(default)s")
    parser.add_argument("--report", type=Path, default=root / "docs/fit-quality.md", help="default: %(default)s")
    parser.add_argument("--only", default=",".join(SETS), metavar="SET,...", help="measure these sets only")
    parser.add_argument("--ours-only", action="store_true", help="fit nothing by scikit-learn; what is cached counts")
    parser.add_argument("--report-only", action="store_true", help="measure nothing")
    parser.add_argument("--no-probe", dest="probe", action="store_false", help="do not look for reasons")
    args = parser.parse_args()
    args.only = args.only.split(",")
    unknown = [name for name in args.only if name not in SETS]
    if unknown:
        parser.error(f"there is no set named {unknown[0]}; there are {', '.join(SETS)}")
    said = subprocess.run([args.program, "--version"], capture_output=True, text=True, check=True).stdout
    args.version = said.split()[-1]
    digest = hashlib.sha256(Path(args.program).read_bytes()).hexdigest()[:12]
    args.cache.mkdir(parents=True, exist_ok=True)
    ours = Cache(args.cache / f"gmm-{digest}.json")
    theirs = Cache(args.cache / f"sklearn-{sklearn.__version__}.json")
    if not args.report_only:
        measure(args, ours, theirs)
    args.report.parent.mkdir(parents=True, exist_ok=True)
    args.report.write_text(report(args, ours, theirs))
    print(f"{args.report} written", file=sys.stderr)


if __name__ == "__main__":
    main()
