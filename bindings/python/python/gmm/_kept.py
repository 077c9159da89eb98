"""Metadata of an estimator in a model file, besides its mixture: text under keys.

    feature_names          a JSON list of strings, which all of gmm reads
    python.dtype           dtype of the attributes: float32 or float64
    python.threshold       the energy above which a sample is an outlier
    python.contamination   the share of outliers that the threshold was set for
    python.fit             converged_, n_iter_, lower_bound_ and lower_bounds_, as JSON
    python.diagnosis       the fields of gmm.Diagnosis, as JSON

Numbers are written so that reading returns the same values. See docs/model-file.md.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Final

import numpy as np

from gmm._diagnosis import Diagnosis, Repair

_FIT: Final = ("converged_", "n_iter_", "lower_bound_", "lower_bounds_")


def metadata_of(estimator: Any) -> dict[str, str]:
    """The metadata of a fitted estimator."""
    state, kept = vars(estimator), {"python.dtype": str(estimator.means_.dtype)}
    if "feature_names_in_" in state:
        kept["feature_names"] = json.dumps(list(map(str, state["feature_names_in_"])))
    if "threshold_" in state:
        kept["python.threshold"] = repr(float(state["threshold_"]))
    if getattr(estimator, "contamination", None) is not None:
        kept["python.contamination"] = repr(float(estimator.contamination))
    fit = {name: _plain(state[name]) for name in _FIT if name in state}
    kept["python.fit"] = json.dumps(fit)
    if "diagnosis_" in state:
        kept["python.diagnosis"] = json.dumps(_plain(state["diagnosis_"]))
    return kept


def set_kept(estimator: Any, kept: dict[str, str]) -> None:
    """Sets the attributes of an estimator from metadata. Unknown keys are ignored."""
    if "feature_names" in kept:
        names = np.array(json.loads(kept["feature_names"]), dtype=object)
        estimator.feature_names_in_ = names
    if "python.threshold" in kept:
        estimator.threshold_ = float(kept["python.threshold"])
    if "python.contamination" in kept:
        estimator.contamination = float(kept["python.contamination"])
    for name, value in json.loads(kept.get("python.fit", "{}")).items():
        if name in _FIT:
            setattr(estimator, name, value)
    if "python.diagnosis" in kept:
        estimator.diagnosis_ = _diagnosis(json.loads(kept["python.diagnosis"]))


def _plain(value: Any) -> Any:
    """A value that JSON can hold; a dataclass becomes a dict of its fields."""
    if dataclasses.is_dataclass(value):
        fields = [field.name for field in dataclasses.fields(value)]
        return {name: _plain(getattr(value, name)) for name in fields}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def _diagnosis(fields: dict[str, Any]) -> Diagnosis:
    """A diagnosis from its fields. Unknown fields, of other versions, are ignored."""

    def known(kind: Any, given: dict[str, Any]) -> dict[str, Any]:
        names = {field.name for field in dataclasses.fields(kind)}
        values = {name: value for name, value in given.items() if name in names}
        return {n: np.array(v) if isinstance(v, list) else v for n, v in values.items()}

    repairs = tuple(Repair(**known(Repair, each)) for each in fields.pop("repairs", ()))
    return Diagnosis(**known(Diagnosis, fields), repairs=repairs)
