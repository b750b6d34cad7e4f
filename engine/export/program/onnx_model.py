"""From a network to ONNX bytes, and the proof that they compute the same. Imported by the format only."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from engine.errors import BadInput, JobFailed, VitrineError
from engine.export.base import Package, Say
from engine.export.program.capture import answers, capture, difference, first_line, quietly, sample_of, scale_of, trials

TOLERANCE = 1e-4
OPSET = 20
LARGEST = 2_000_000_000
"""A file of ONNX's form cannot be larger than two gigabytes."""


def converted(package: Package, say: Say) -> bytes:
    """The network as an ONNX file's bytes: the newer exporter first, the older as second try.

    Raises `BadInput` if it is too large for one file, `JobFailed` with the operations that ONNX lacks.
    """
    size = sum(tensor.nbytes for tensor in package.network.state_dict().values())
    if size > LARGEST:
        raise BadInput(
            f"{package.spec.name} has {size / 1e9:,.1f} GB of weights, and an ONNX file holds at most 2 GB.",
            "Take the safetensors or the .pt2 file instead.",
        )
    failures: list[Exception] = []
    ways: list[tuple[str, Callable[[Package], Any]]] = [("", _newer)]
    if package.batch is None:
        # A recording would keep what the sample happened to choose.
        ways.append((" in the older way", _older))
    for how, convert in ways:
        say(f"Converting to ONNX{how}")
        try:
            return _finished(package, convert(package))
        except Exception as error:  # noqa: BLE001 - the exporters raise of many kinds; what they say is told below
            failures.append(error)
    raise _explained(package, failures)


def _newer(package: Package) -> Any:
    program = capture(package)
    with quietly():
        made = torch.onnx.export(
            program,
            dynamo=True,
            external_data=False,
            opset_version=OPSET,
            custom_translation_table=_translations(),
            input_names=[node.id for node in package.spec.inputs],
            output_names=[node.id for node in package.spec.outputs],
            verbose=False,
        )
    assert made is not None
    return made.model_proto


def _older(package: Package) -> Any:
    import onnx

    spec = package.spec
    names = [node.id for node in (*spec.inputs, *spec.outputs)]
    # With gradients on, the network overwrites none of its values, which a recording would not notice.
    with quietly(), torch.enable_grad(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        torch.onnx.export(
            package.network,
            sample_of(package),
            path,
            dynamo=False,
            input_names=names[: len(spec.inputs)],
            output_names=names[len(spec.inputs) :],
            dynamic_axes={name: {0: "batch"} for name in names},
        )
        return onnx.load(path)


def _translations() -> dict[Callable[..., Any], Callable[..., Any]]:
    """Translations that PyTorch lacks or has wrong.

    WORKAROUND: its own of average pooling forgets `divisor_override`, so that sums come out as averages.
    """
    import torchvision.ops  # noqa: F401 - registers its operators
    from onnxscript import opset20 as op

    def pool(
        x: Any,
        kernel: Sequence[int],
        stride: Sequence[int] = (),
        padding: Sequence[int] = (0,),
        ceil: bool = False,
        counted: bool = True,
        divisor: int | None = None,
    ) -> Any:
        pads = list(padding) * len(kernel) if len(padding) == 1 else list(padding)
        found = op.AveragePool(
            x,
            kernel_shape=list(kernel),
            strides=list(stride or kernel),
            pads=pads * 2,
            ceil_mode=int(ceil),
            count_include_pad=int(counted or divisor is not None),
        )
        if divisor is None:
            return found
        area = 1
        for size in kernel:
            area *= size
        return op.Mul(found, op.CastLike(op.Constant(value_float=area / divisor), x))

    def regions(x: Any, boxes: Any, scale: float, height: int, width: int) -> Any:
        found = op.MaxRoiPool(x, boxes, pooled_shape=[height, width], spatial_scale=scale)
        return found, found  # PyTorch's also tells where the maxima were, for training

    return {
        torch.ops.aten.avg_pool2d.default: pool,
        torch.ops.aten.avg_pool3d.default: pool,
        torch.ops.torchvision.roi_pool.default: regions,
    }


def _finished(package: Package, model: Any) -> bytes:
    """The model with what travels with it, checked for form."""
    import onnx

    onnx.helper.set_model_props(model, {**package.metadata()})
    model.producer_name = "Vitrine"
    for value in (*model.graph.input, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        if dims and dims[0].WhichOneof("value") == "dim_param":
            dims[0].dim_param = "batch"
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def checked(package: Package, data: bytes) -> float:
    """Run the file in onnxruntime beside the network; returns the largest difference, relative to the values' size.

    Raises `JobFailed` if it does not run or answers differently.
    """
    import onnxruntime

    name = package.spec.name
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        worst = 0.0
        for inputs in trials(package):
            fed = {one.id: value.numpy() for one, value in zip(package.spec.inputs, inputs, strict=True)}
            known = {one.name for one in session.get_inputs()}
            found = session.run(None, {id: value for id, value in fed.items() if id in known})
            wanted = answers(package, inputs)
            worst = max(worst, difference([torch.from_numpy(one) for one in found], wanted) / scale_of(wanted))
    except VitrineError:
        raise
    except Exception as error:
        raise JobFailed(
            f"onnxruntime cannot run {name}: {first_line(error)}.",
            "Take the PyTorch source or the .pt2 file instead; the ONNX file was not written.",
            details=repr(error),
        ) from error
    if not worst <= TOLERANCE:
        raise JobFailed(
            f"In onnxruntime {name} answers differently, by {worst:.1e} of its largest value.",
            "Take the PyTorch source or the .pt2 file instead; the ONNX file was not written.",
        )
    return worst


def _explained(package: Package, failures: list[Exception]) -> VitrineError:
    """What kept the network from becoming ONNX, with the operations that have no translation."""
    details = "\n\n".join(repr(error) for error in failures)
    for error in failures:
        lacking = sorted(set(_operators(details)))
        if lacking:
            return JobFailed(
                f"ONNX has no translation for {', '.join(lacking)} in {package.spec.name}.",
                "Take the PyTorch source or the .pt2 file instead, or replace the layers that need it.",
                details=details,
            )
        if isinstance(error, VitrineError):
            return error
    return JobFailed(
        f"{package.spec.name} could not be converted to ONNX: {first_line(failures[0])}.",
        "Take the PyTorch source or the .pt2 file instead.",
        details=details,
    )


def _operators(text: str) -> Iterator[str]:
    """Operators that the exporters say they cannot translate: "aten::fft_rfft2", "torchvision::roi_align"."""

    for pattern in (
        r"No ONNX function found for <OpOverload\(op='([\w.:]+)'",
        r"[Uu]nsupported.{0,60}?((?:aten|torchvision|prims)[.:]{1,2}\w+)",
        r"operator '?((?:aten|torchvision)::\w+)'? to ONNX",
    ):
        yield from (found.replace(".", "::", 1) if "::" not in found else found for found in re.findall(pattern, text))
