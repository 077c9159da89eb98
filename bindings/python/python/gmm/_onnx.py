"""Mixtures as ONNX graphs, for scoring without Python and without this library.

Every component is whitened by the inverse factor U of its covariance, U U^T = Sigma^-1:

    y_nk = (x_n - mu_k) U_k                                     mean first: no cancellation
    l_nk = ln phi_k + sum_j ln U_kjj - d/2 ln 2 pi - 1/2 |y_nk|^2
    E_n  = -(m_n + ln sum_k exp(l_nk - m_n)),  m_n = max_k l_nk

The graph needs memory for n k d numbers, which the library does not: score in batches.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import DTypeLike

from gmm import _abi
from gmm._arrays import as_type
from gmm._mixture import Mixture
from gmm._optional import require
from gmm._sklearn_model import as_mixture

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Low enough for deployed runtimes: onnxruntime 1.12 and newer.
_OPSET: Final = 17
_IR_VERSION: Final = 8
#: The first opset in which the axes of an operator are an input.
_AXES_ARE_INPUTS: Final = {"Squeeze": 13, "Unsqueeze": 13, "ReduceSum": 13, "ReduceMax": 18}


def to_onnx(
    model: Any, path: str | os.PathLike[str] | None = None, *, dtype: DTypeLike = np.float32
) -> Any:
    """Converts a model to an ONNX graph with the same scores.

    Parameters
    ----------
    model : gmm.Mixture, GaussianMixture, gmm.OutlierDetector or Pipeline
        Fitted. A ``GaussianMixture`` may be of this package or of scikit-learn. A pipeline ends
        with such a model; its other steps are converted by skl2onnx, which must be installed.
    path : str or path, optional
        File to write the graph to.
    dtype : {'float32', 'float64'}, default='float32'
        Type of the input and of the computation. Means are stored as sums of two floats, so the
        distance from the origin costs no digits. Strongly correlated features do cost digits, but
        many runtimes support float32 only.

    Returns
    -------
    onnx.ModelProto
        The input ``X`` is (n, d). A mixture has the outputs ``energies`` (n,), ``log_density``
        (n,), ``responsibilities`` (n, k) and ``labels`` (n,), as int64; a detector has
        ``energies``. With a ``threshold_``, there is also ``is_outlier`` (n,).

    Examples
    --------
    >>> import gmm, pytest
    >>> onnx = pytest.importorskip("onnx")
    >>> mixture = gmm.Mixture([0.5, 0.5], [[0.0], [4.0]], [[1.0], [2.0]], covariance_type="diag")
    >>> [output.name for output in gmm.to_onnx(mixture).graph.output]
    ['energies', 'log_density', 'responsibilities', 'labels']
    """
    onnx = require("onnx", "gmm.to_onnx")
    real = np.dtype(dtype)
    if real not in (np.float32, np.float64):
        raise ValueError(f"dtype is {real}; pass float32 or float64")
    steps, model = _split(model)
    samples = "X" if steps is None else "transformed"
    graph = Graph(onnx, real, samples=samples)
    mixtures = getattr(model, "mixtures_", None)
    if mixtures is None:
        mixture = as_mixture(model)
        mixtures = (mixture,)
        graph.mixture(mixture)
    else:
        graph.detector(mixtures)
    threshold = getattr(model, "threshold_", None)
    if threshold is not None:
        graph.threshold(threshold)
    proto = graph.model(mixtures)
    if steps is not None:
        before = _of_steps(steps, real)
        output = before.graph.output[0].name
        proto = onnx.compose.merge_models(before, proto, io_map=[(output, samples)])
        proto.producer_name, proto.producer_version = "gmm", _abi.lib.gmm_version().decode()
    onnx.checker.check_model(proto, full_check=True)
    if path is not None:
        onnx.save_model(proto, os.fspath(path))
    return proto


def _split(model: Any) -> tuple[Any, Any]:
    """The steps before the last one as a pipeline, or None if there are none; and the last step."""
    from sklearn.pipeline import Pipeline

    steps: list[Any] = []
    while isinstance(model, Pipeline):
        steps += [step for step in model.steps[:-1] if step[1] not in (None, "passthrough")]
        model = model.steps[-1][1]
    # Nested pipelines may use the same name for different steps.
    named = [(f"{at}_{name}", step) for at, (name, step) in enumerate(steps)]
    return (Pipeline(named) if named else None), model


def _of_steps(steps: Any, real: np.dtype[Any]) -> Any:
    """The graph that skl2onnx makes of the steps of a pipeline."""
    require("skl2onnx", "gmm.to_onnx of a pipeline")
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    kind = FloatTensorType if real == np.float32 else DoubleTensorType
    proto = convert_sklearn(
        steps,
        initial_types=[("X", kind([None, steps.n_features_in_]))],
        target_opset={"": _OPSET, "ai.onnx.ml": 3},
        naming="steps_",
    )
    proto.ir_version = _IR_VERSION
    for domain in proto.opset_import:
        # skl2onnx declares the lowest opset that its nodes need; they also are valid in the target.
        domain.version = _OPSET if domain.domain == "" else domain.version
    return proto


class Graph:
    """Collects nodes, constants and outputs of a graph whose input is named ``samples``."""

    def __init__(
        self, onnx: Any, real: np.dtype[Any], *, samples: str = "X", opset: int = _OPSET
    ) -> None:
        self._onnx, self._real, self._name, self._opset = onnx, real, samples, opset
        self._type = onnx.helper.np_dtype_to_tensor_dtype(real)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._outputs: list[Any] = []
        self._axes: set[str] = set()
        self._samples = self._along("Unsqueeze", samples, 0)

    def mixture(self, mixture: Mixture) -> None:
        """Adds an output for every score of one mixture."""
        k, real = mixture.n_components, self._type
        log_joint = self._log_joint(mixture, "")
        log_density, exponentials, total = self._log_sum_exp(log_joint)
        self._output("energies", "Neg", [log_density], real)
        self._output("log_density", "Identity", [log_density], real)
        self._output("responsibilities", "Div", [exponentials, total], real, k)
        integers = self._onnx.TensorProto.INT64
        self._output("labels", "ArgMax", [log_joint], integers, axis=1, keepdims=0)

    def of_mixture(self, mixture: Mixture, *, with_arg_max: bool = True) -> dict[str, str]:
        """Adds the scores of one mixture, as matrices; returns their nodes by skl2onnx's names."""
        log_joint = self._log_joint(mixture, "")
        log_density, exponentials, total = self._log_sum_exp(log_joint)
        label = (
            self._node("ArgMax", log_joint, axis=1, keepdims=1)
            if with_arg_max
            else self._first_largest(log_joint, mixture.n_components)
        )
        return {
            "label": label,
            "probabilities": self._node("Div", exponentials, total),
            "score_samples": self._along("Unsqueeze", log_density, 1),
        }

    def _first_largest(self, values: str, k: int) -> str:
        """The index of the first maximum of each row, for runtimes without ArgMax."""
        peak = self._along("ReduceMax", values, 1, keepdims=1)
        is_peak = self._node("Equal", values, peak)
        from_last = self._constant("from_last", np.arange(k, 0, -1).astype(self._real))
        marked = self._node("Mul", self._node("Cast", is_peak, to=self._type), from_last)
        largest = self._along("ReduceMax", marked, 1, keepdims=1)
        label = self._node("Sub", self._constant("k", self._real.type(k)), largest)
        return self._node("Cast", label, to=self._onnx.TensorProto.INT64)

    def of_detector(self, mixtures: tuple[Mixture, ...], threshold: float) -> dict[str, str]:
        """Adds the scores of a detector, as matrices; returns their nodes by skl2onnx's names."""
        energies = self._along("Unsqueeze", self._mean_energies(mixtures), 1)
        line = self._constant("threshold", self._real.type(threshold))
        above = self._node("Greater", energies, line)
        integers = self._onnx.TensorProto.INT64
        return {"label": self._node("Cast", above, to=integers), "scores": energies}

    def detector(self, mixtures: tuple[Mixture, ...]) -> None:
        """Adds an output for the mean energy under several mixtures."""
        self._output("energies", "Identity", [self._mean_energies(mixtures)], self._type)

    def threshold(self, threshold: float) -> None:
        """Adds an output for whether an energy is above the rounded threshold."""
        line = self._constant("threshold", self._real.type(threshold))
        self._output("is_outlier", "Greater", ["energies", line], self._onnx.TensorProto.BOOL)

    def model(self, mixtures: tuple[Mixture, ...]) -> Any:
        """The ONNX model, with the description of its mixtures."""
        helper, d = self._onnx.helper, mixtures[0].n_features
        samples = helper.make_tensor_value_info(self._name, self._type, ["n", d])
        graph = helper.make_graph(self.nodes, "gmm", [samples], self._outputs, self.constants)
        version = _abi.lib.gmm_version().decode()
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", self._opset)],
            ir_version=_IR_VERSION,
            producer_name="gmm",
            producer_version=version,
            doc_string="Gaussian mixture: energies are negative log-likelihoods in nats.",
        )
        about = {"covariance_type": mixtures[0].covariance_type, "n_features": str(d)}
        about["n_components"] = ",".join(str(mixture.n_components) for mixture in mixtures)
        helper.set_model_props(model, about)
        return model

    def _mean_energies(self, mixtures: tuple[Mixture, ...]) -> str:
        densities = []
        for at, mixture in enumerate(mixtures):
            log_joint = self._log_joint(mixture, f"_{at}")
            densities.append(self._log_sum_exp(log_joint)[0])
        share = self._constant("minus_share", self._real.type(-1.0 / len(mixtures)))
        return self._node("Mul", self._node("Sum", *densities), share)

    def _log_joint(self, mixture: Mixture, mark: str) -> str:
        """ln phi_k N(x_n; mu_k, Sigma_k), of shape (n, k)."""
        d = mixture.n_features
        factors = mixture.precisions_cholesky
        log_dets = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
        with np.errstate(divide="ignore"):  # ln 0 for a component of weight 0, which adds nothing.
            offsets = np.log(mixture.weights) + log_dets - 0.5 * d * math.log(2.0 * math.pi)
        white = self._whitened(mixture.covariance_type, factors, self._centred(mixture, mark), mark)
        squares = self._along("ReduceSum", self._node("Mul", white, white), 2, keepdims=0)
        # Squares are capped, so that an overflow gives a huge energy instead of inf - inf = NaN.
        most = self._constant(f"most{mark}", self._real.type(np.finfo(self._real).max / 4.0))
        squares = self._node("Min", squares, most)
        half = self._constant(f"half{mark}", self._real.type(0.5))
        offset = self._constant(f"offsets{mark}", offsets.astype(self._real)[:, None])
        by_component = self._node("Sub", offset, self._node("Mul", half, squares))
        return self._node("Transpose", by_component, perm=[1, 0])

    def _centred(self, mixture: Mixture, mark: str) -> str:
        """x_n - mu_k, of shape (k, n, d); the mean is split in two if one number loses digits."""
        high = as_type(mixture.means, self._real, "means")
        low = (mixture.means - high.astype(np.float64)).astype(self._real)
        mean = self._constant(f"means{mark}", high[:, None, :])
        centred = self._node("Sub", self._samples, mean)
        if low.any():
            rest = self._constant(f"means_low{mark}", low[:, None, :])
            centred = self._node("Sub", centred, rest)
        return centred

    def _whitened(
        self, covariance_type: str, factors: NDArray[np.float64], centred: str, mark: str
    ) -> str:
        variances_only = covariance_type in ("diag", "spherical")
        if variances_only:
            factors = np.diagonal(factors, axis1=1, axis2=2)[:, None, :]
        elif covariance_type == "tied":
            factors = factors[0]
        factor = self._constant(f"precisions_cholesky{mark}", factors.astype(self._real))
        return self._node("Mul" if variances_only else "MatMul", centred, factor)

    def _log_sum_exp(self, log_joint: str) -> tuple[str, str, str]:
        """The log-density (n,), exp(l - m), and its sum; the quotient is the responsibilities."""
        peak = self._along("ReduceMax", log_joint, 1, keepdims=1)
        exponentials = self._node("Exp", self._node("Sub", log_joint, peak))
        total = self._along("ReduceSum", exponentials, 1, keepdims=1)
        density = self._node("Add", peak, self._node("Log", total))
        return self._along("Squeeze", density, 1), exponentials, total

    def _along(self, kind: str, values: str, axis: int, **attributes: Any) -> str:
        """A node along one axis, which the opset takes as an input or as an attribute."""
        if self._opset < _AXES_ARE_INPUTS[kind]:
            return self._node(kind, values, axes=[axis], **attributes)
        name = f"axis_{axis}"
        if name not in self._axes:
            self._axes.add(self._constant(name, np.array([axis], dtype=np.int64)))
        return self._node(kind, values, name, **attributes)

    def _constant(self, name: str, values: Any) -> str:
        if np.asarray(values).dtype.kind == "f":
            values = as_type(values, self._real, name)
        array = np.ascontiguousarray(values) if np.ndim(values) else np.asarray(values)
        self.constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def _node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}_{len(self.nodes)}"
        self._add(kind, inputs, name, attributes)
        return name

    def _output(
        self, name: str, kind: str, inputs: list[str], of: int, *more: int, **attributes: Any
    ) -> None:
        self._add(kind, inputs, name, attributes)
        value = self._onnx.helper.make_tensor_value_info(name, of, ["n", *more])
        self._outputs.append(value)

    def _add(self, kind: str, inputs: Any, output: str, attributes: dict[str, Any]) -> None:
        make = self._onnx.helper.make_node
        self.nodes.append(make(kind, list(inputs), [output], name=output, **attributes))
