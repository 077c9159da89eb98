"""Conversion of this package's estimators by skl2onnx.

For a model that it does not know, skl2onnx calls the model's methods ``onnx_parser``,
``onnx_shape_calculator`` and ``onnx_converter``. They are defined here, so nothing has to be
imported or registered before ``skl2onnx.to_onnx(pipeline)``. The nodes are those of
:func:`gmm.to_onnx`. Outputs have the names and shapes of skl2onnx's own mixtures and detectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np


class Convertible:
    """The methods that skl2onnx calls. Outputs after the first have the type of the samples."""

    #: The outputs of a graph.
    _onnx_outputs: ClassVar[tuple[str, ...]] = ("label",)
    #: Outputs that exist only if the option of that name is set.
    _onnx_options: ClassVar[tuple[str, ...]] = ()

    def onnx_parser(self) -> Callable[..., list[Any]]:
        """For skl2onnx: declares the outputs."""
        from skl2onnx import update_registered_converter
        from skl2onnx.common.data_types import Int64TensorType, guess_tensor_type

        # Registered here, because options are refused for unknown converters.
        update_registered_converter(
            type(self),
            f"Gmm{type(self).__name__}",
            _calculate_shapes,
            _convert,
            overwrite=True,
            options={option: [True, False] for option in self._onnx_options},
        )

        def parse(scope: Any, inputs: Any) -> list[Any]:
            chosen = scope.get_options(self, dict.fromkeys(self._onnx_options, False))
            names = [*self._onnx_outputs, *(name for name in self._onnx_options if chosen[name])]
            kinds = [Int64TensorType(), *(guess_tensor_type(inputs[0].type) for _ in names[1:])]
            return [
                scope.declare_local_variable(name, kind)
                for name, kind in zip(names, kinds, strict=True)
            ]

        return parse

    def onnx_shape_calculator(self) -> Callable[[Any], None]:
        """For skl2onnx: gives the outputs their shapes."""
        return _calculate_shapes

    def onnx_converter(self) -> Callable[[Any, Any, Any], None]:
        """For skl2onnx: adds the nodes."""
        return _convert


def _calculate_shapes(operator: Any) -> None:
    rows = operator.inputs[0].get_first_dimension()
    operator.outputs[0].type.shape = [rows, 1]
    for output in operator.outputs[1:]:
        is_of_components = output.raw_name == "probabilities"
        width = len(operator.raw_operator.weights_) if is_of_components else 1
        output.type.shape = [rows, width]


def _convert(scope: Any, operator: Any, container: Any) -> None:
    import onnx
    from skl2onnx.common.data_types import guess_numpy_type

    from gmm._onnx import Graph
    from gmm._sklearn_model import as_mixture

    opset = container.target_opset
    kind, model = operator.inputs[0].type, operator.raw_operator
    real = np.dtype(np.float64 if guess_numpy_type(kind) == np.float64 else np.float32)
    samples = scope.get_unique_variable_name("samples")
    # For integer samples; for floats skl2onnx removes the cast.
    to = onnx.helper.np_dtype_to_tensor_dtype(real)
    container.add_node("Cast", [operator.inputs[0].full_name], [samples], to=to)
    graph = Graph(onnx, real, samples=samples, opset=opset)
    mixtures = getattr(model, "mixtures_", None)
    if mixtures is None:
        with_arg_max = container.is_allowed("ArgMax")
        outputs = graph.of_mixture(as_mixture(model), with_arg_max=with_arg_max)
    else:
        outputs = graph.of_detector(mixtures, model.threshold_)
    names: dict[str, str] = {samples: samples}

    def unique(name: str) -> str:
        if name not in names:
            names[name] = str(scope.get_unique_variable_name(f"gmm_{name}"))
        return names[name]

    for constant in graph.constants:
        values = onnx.numpy_helper.to_array(constant)
        flat = values.ravel().tolist()
        container.add_initializer(unique(constant.name), constant.data_type, values.shape, flat)
    for node in graph.nodes:
        attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        container.add_node(
            node.op_type,
            [unique(name) for name in node.input],
            [unique(name) for name in node.output],
            name=scope.get_unique_operator_name(node.op_type),
            **attributes,
        )
    for output in operator.outputs:
        container.add_node("Identity", [unique(outputs[output.raw_name])], [output.full_name])
