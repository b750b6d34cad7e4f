"""What a run that reads volumes says of one volume, or of a folder of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.base import parse_source
from engine.datasets.formats.files import listing
from engine.datasets.formats.volumes import Scaling, is_array, read_volume
from engine.datasets.pictures import is_picture
from engine.datasets.preprocess import Unprocessed
from engine.errors import BadInput, JobFailed
from engine.events import Emit, Notice

if TYPE_CHECKING:
    from engine.training.runs import Run


def volume_classes(
    run: Run, shape: tuple[int, ...], source: str, token: CancelToken, emit: Emit
) -> Iterator[tuple[str, str, float]]:
    """The name of each volume that `source` names, its class, and how sure that is, 0 to 1.

    Args:
        shape: that the network reads, (1, D, D, D).
        source: a .npy or .npz, a folder of slices, or a folder of such volumes.

    Raises `BadInput` when there is no volume; of several, one that cannot be read is told and left out.
    """
    import torch

    from engine.tasks.kinds.classification import Classification
    from engine.training.session import runner

    scaling = getattr(parse_source(run.config.data.source), "scaling", Scaling())
    task = run.config.make_task()
    assert isinstance(task, Classification)
    device = next(run.model.parameters()).device
    paths = _volumes(Path(source))
    for path in paths:
        token.raise_if_cancelled()
        try:
            volume = read_volume(path, shape[-1], scaling)
        except BadInput as error:
            if len(paths) == 1:
                raise
            emit(Notice("warning", error.what, error.advice, kind="unreadable"))
            continue
        with torch.inference_mode():
            batch = Unprocessed(shape).normalise(torch.from_numpy(volume)[None].to(device))  # (1, 1, D, D, D)
            logits = next(iter(runner(run.model, run.spec)(batch).values()))
            shares = task.probabilities(logits)[0].cpu().numpy()
        if not np.isfinite(shares).all():
            raise JobFailed(
                f"The run {run.folder.name} answers with numbers that are not finite.",
                "Choose another run, or train again with a lower learning rate.",
            )
        best = int(shares.argmax())
        yield path.name, run.classes[best], float(shares[best])


def _volumes(source: Path) -> list[Path]:
    """The volume itself, or those in a folder."""
    if not source.is_dir():
        if not is_array(source) or not source.is_file():
            raise BadInput(
                f"{source} is no volume; this run reads files of numbers and folders of slices.",
                "Give a .npy or .npz file, a folder of slices, or a folder of such volumes.",
            )
        return [source]
    folders, files = listing(source)
    if any(is_picture(Path(name)) for name in files):
        return [source]
    found = [source / name for name in files if is_array(Path(name))]
    found += [source / name for name in folders if any(is_picture(Path(one)) for one in listing(source / name)[1])]
    if not found:
        raise BadInput(f"{source} holds no volume.", "Give a .npy or .npz file, or a folder of slices.")
    return sorted(found)
