"""Mixtures as ONNX graphs, to be scored where there is neither Python nor this library.

Every component is whitened by the inverse factor U of its covariance, U U^T = Sigma^-1:

    y_nk = (x_n - mu_k) U_k                                     the mean goes first: no cancellation
    l_nk = ln phi_k + sum_j ln U_kjj - d/2 ln 2 pi - 1/2 |y_nk|^2
    E_n  = -(m_n + ln sum_k exp(l_nk - m_n)),  m_n = max_k l_nk

The graph takes memory for n k d numbers where the library takes none: score in batches.
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

#: Old enough for what is deployed: onnxruntime 1.12 and newer.
_OPSET: Final = 17
_IR_VERSION: Final = 8
#: From which opset on.
_AXES_ARE_INPUTS: Final = {"Squeeze": 13, "Unsqueeze": 13, "ReduceSum": 13, "ReduceMax": 18}


def to_onnx(
    model: Any, path: str | os.PathLike[str] | None = None, *, dtype: DTypeLike = np.float32
) -> Any:
    """An ONNX graph that scores as the model does.

    Parameters
    ----------
    model : gmm.Mixture, GaussianMixture, gmm.OutlierDetector or Pipeline
        Of this package or, a ``GaussianMixture``, of scikit-learn; fitted. The steps of a pipeline
        that come before such a model are converted by skl2onnx, which must be installed then.
    path : str or path, optional
        Where to write it.
    dtype : {'float32', 'float64'}, default='float32'
        What the graph takes and computes in. Means are kept as sums of two floats, so that
        distance from the origin costs no digits; but strongly correlated features do, and many
        runtimes know float32 only.

    Returns
    -------
    onnx.ModelProto
        The input ``X`` is (n, d). Of a mixture the outputs are ``energies`` (n,), ``log_density``
        (n,), ``responsibilities`` (n, k) and ``labels`` (n,), as int64; of a detector ``energies``.
        A detector, and a ``GaussianMixture`` with a ``threshold_``, also have ``is_outlier`` (n,).

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
    """What comes before the last step of a pipeline, or None, and that step."""
    from sklearn.pipeline import Pipeline

    steps: list[Any] = []
    while isinstance(model, Pipeline):
        steps += [step for step in model.steps[:-1] if step[1] not in (None, "passthrough")]
        model = model.steps[-1][1]
    # Pipelines in pipelines may call their steps alike.
    named = [(f"{at}_{name}", step) for at, (name, step) in enumerate(steps)]
    return (Pipeline(named) if named else None), model


def _of_steps(steps: Any, real: np.dtype[Any]) -> Any:
    """The graph of the steps of a pipeline, by skl2onnx."""
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
        # It declares the least that its nodes need, which are those of the target.
        domain.version = _OPSET if domain.domain == "" else domain.version
    return proto


class Graph:
    """Nodes, constants and outputs as they come, of samples that are called ``samples``."""

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
        """Every score of one mixture."""
        k, real = mixture.n_components, self._type
        log_joint = self._log_joint(mixture, "")
        log_density, shares, total = self._log_sum_exp(log_joint)
        self._output("energies", "Neg", [log_density], real)
        self._output("log_density", "Identity", [log_density], real)
        self._output("responsibilities", "Div", [shares, total], real, k)
        integers = self._onnx.TensorProto.INT64
        self._output("labels", "ArgMax", [log_joint], integers, axis=1, keepdims=0)

    def of_mixture(self, mixture: Mixture, *, with_arg_max: bool = True) -> dict[str, str]:
        """Scores of one mixture, each a matrix, by the names that skl2onnx has for them."""
        log_joint = self._log_joint(mixture, "")
        log_density, shares, total = self._log_sum_exp(log_joint)
        label = (
            self._node("ArgMax", log_joint, axis=1, keepdims=1)
            if with_arg_max
            else self._first_largest(log_joint, mixture.n_components)
        )
        return {
            "label": label,
            "probabilities": self._node("Div", shares, total),
            "score_samples": self._along("Unsqueeze", log_density, 1),
        }

    def _first_largest(self, values: str, k: int) -> str:
        """Where the largest of a row is, the first of equals, for those who know no ArgMax."""
        peak = self._along("ReduceMax", values, 1, keepdims=1)
        is_peak = self._node("Equal", values, peak)
        from_last = self._constant("from_last", np.arange(k, 0, -1).astype(self._real))
        marked = self._node("Mul", self._node("Cast", is_peak, to=self._type), from_last)
        largest = self._along("ReduceMax", marked, 1, keepdims=1)
        label = self._node("Sub", self._constant("k", self._real.type(k)), largest)
        return self._node("Cast", label, to=self._onnx.TensorProto.INT64)

    def of_detector(self, mixtures: tuple[Mixture, ...], threshold: float) -> dict[str, str]:
        """Scores of a detector, each a matrix, by the names that skl2onnx has for them."""
        energies = self._along("Unsqueeze", self._mean_energies(mixtures), 1)
        line = self._constant("threshold", self._real.type(threshold))
        above = self._node("Greater", energies, line)
        integers = self._onnx.TensorProto.INT64
        return {"label": self._node("Cast", above, to=integers), "scores": energies}

    def detector(self, mixtures: tuple[Mixture, ...]) -> None:
        """The mean of the energies under several mixtures."""
        self._output("energies", "Identity", [self._mean_energies(mixtures)], self._type)

    def threshold(self, threshold: float) -> None:
        """Whether an energy is above a threshold, as rounding to the type allows to say."""
        line = self._constant("threshold", self._real.type(threshold))
        self._output("is_outlier", "Greater", ["energies", line], self._onnx.TensorProto.BOOL)

    def model(self, mixtures: tuple[Mixture, ...]) -> Any:
        """All of it, with what it was made of."""
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
        with np.errstate(divide="ignore"):  # A component of weight 0 has no part in anything.
            offsets = np.log(mixture.weights) + log_dets - 0.5 * d * math.log(2.0 * math.pi)
        white = self._whitened(mixture.covariance_type, factors, self._centred(mixture, mark), mark)
        squares = self._along("ReduceSum", self._node("Mul", white, white), 2, keepdims=0)
        # Squares beyond the type: the energy is then huge, and not the NaN of inf - inf.
        most = self._constant(f"most{mark}", self._real.type(np.finfo(self._real).max / 4.0))
        squares = self._node("Min", squares, most)
        half = self._constant(f"half{mark}", self._real.type(0.5))
        offset = self._constant(f"offsets{mark}", offsets.astype(self._real)[:, None])
        by_component = self._node("Sub", offset, self._node("Mul", half, squares))
        return self._node("Transpose", by_component, perm=[1, 0])

    def _centred(self, mixture: Mixture, mark: str) -> str:
        """x_n - mu_k, of shape (k, n, d); the mean in two parts where one cannot hold it."""
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
        """The log-density (n,), and exp(l - m) and its sum, of which responsibilities are made."""
        peak = self._along("ReduceMax", log_joint, 1, keepdims=1)
        shares = self._node("Exp", self._node("Sub", log_joint, peak))
        total = self._along("ReduceSum", shares, 1, keepdims=1)
        density = self._node("Add", peak, self._node("Log", total))
        return self._along("Squeeze", density, 1), shares, total

    def _along(self, kind: str, values: str, axis: int, **attributes: Any) -> str:
        """A node along one axis, which is an input or an attribute by the opset."""
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
