"""Operators on constants that exporters leave in a file, worked out beforehand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from engine.importing.sketch import Free, Unsupported

# Operators whose result is no larger than their inputs stretched to one shape.
FOLDED = frozenset(
    {
        "And", "Equal", "Erf", "Exp", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Log", "Mod", "Not", "Or",
        "Pow", "ScatterElements", "ScatterND", "Where",
    }
)  # fmt: skip
_MOST = 2**28


def fold_constant(node: Any, inputs: list[Free], opset: int) -> Free:
    """The result of an operator on constants, by ONNX's own reference."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    arrays = [one.value.numpy() for one in inputs]
    shape = arrays[0].shape if node.op_type.startswith("Scatter") else np.broadcast_shapes(*[a.shape for a in arrays])
    if math.prod(shape) > _MOST:
        raise Unsupported(f"{node.op_type} of {math.prod(shape):,} constants")
    names = [f"in{place}" for place in range(len(arrays))]
    copied = onnx.NodeProto()
    copied.CopyFrom(node)
    del copied.input[:]
    copied.input.extend(names)
    values = [
        onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        for name, array in zip(names, arrays, strict=True)
    ]
    result = onnx.helper.make_value_info(node.output[0], onnx.TypeProto())
    graph = onnx.helper.make_graph([copied], "constants", values, [result])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])
    found = ReferenceEvaluator(model).run(None, dict(zip(names, arrays, strict=True)))
    return Free("", torch.from_numpy(np.array(found[0])))
