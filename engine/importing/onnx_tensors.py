"""The tensors of an ONNX file, inside it or in files beside it."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.errors import BadInput
from engine.importing.sketch import Free

MAX_BYTES = 16 * 1024**3


def read_initializers(graph: Any, path: Path) -> dict[str, Free]:
    """The weights of a graph by name. Raises `BadInput` for what is inconsistent or lies outside the file's folder."""
    if graph.sparse_initializer:
        raise BadInput(f"{path.name} has sparse weights.", "Export it with dense ones.")
    left = MAX_BYTES
    found = {}
    for tensor in graph.initializer:
        value = _read(tensor, path)
        left -= value.numel() * value.element_size()
        if left < 0:
            raise BadInput(f"{path.name} has more than {MAX_BYTES // 1024**3} GB of weights.", "Choose a smaller one.")
        found[tensor.name] = Free(tensor.name, value)
    return found


def attribute_value(attribute: Any) -> Any:
    """An operator's attribute as a Python value; a tensor as a tensor."""
    import onnx

    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, onnx.TensorProto):
        return _read(value, None)
    if isinstance(value, onnx.GraphProto):
        raise BadInput(f"The attribute {attribute.name} holds a network of its own.", "Export it without branches.")
    return value


def _read(tensor: Any, path: Path | None) -> Tensor:
    import onnx

    name = tensor.name or "a constant"
    count = math.prod(int(size) for size in tensor.dims)
    try:
        kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except (KeyError, ValueError, TypeError):
        raise BadInput(f"The weight {name} has a type of numbers that is not known.", "Export it as float.") from None
    size = count * np.dtype(kind).itemsize
    if min([0, *tensor.dims]) < 0 or size > MAX_BYTES:
        raise BadInput(f"The weight {name} says that it holds {count:,} numbers.", "Choose an intact file.")
    try:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            data = np.frombuffer(_outside(tensor, path, size), kind).reshape(tuple(tensor.dims))
        else:
            data = onnx.numpy_helper.to_array(tensor)
        return torch.from_numpy(np.array(data))
    except (ValueError, TypeError) as error:
        raise BadInput(f"The weight {name} is not intact: {error}.", "Export or download the file again.") from None


def _outside(tensor: Any, path: Path | None, size: int) -> bytes:
    """The bytes of a weight that lies in a file beside the network's, and nowhere else."""
    held = {entry.key: entry.value for entry in tensor.external_data}
    location = held.get("location", "")
    if path is None or not location:
        raise BadInput(f"The weight {tensor.name} lies in a file that is not named.", "Export it again.")
    folder = path.resolve().parent
    place = (folder / location).resolve()
    if os.path.isabs(location) or not place.is_relative_to(folder) or not place.is_file():
        raise BadInput(
            f"The weight {tensor.name} is said to lie in {location}, which is no file in the network's folder.",
            "Put the file with the weights beside the .onnx file.",
        )
    start, length = int(held.get("offset", "0") or 0), int(held.get("length", "0") or size)
    if length != size or start < 0 or start + length > place.stat().st_size:
        raise BadInput(f"The weight {tensor.name} does not lie where {path.name} says.", "Export it again.")
    with place.open("rb") as file:
        file.seek(start)
        return file.read(length)
