"""Scripts that do not say how large their input is: usual sizes are tried, and the training flags stay as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engine.cancel import CancelSource
from engine.importing.job import Imported, ImportJob
from engine.importing.sizes import usual_shapes

SCRIPT = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.fc = nn.Linear(4 * 26 * 26, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).flatten(1))
"""


def test_a_students_network_for_grey_digits_comes_in_without_a_word_about_its_size(tmp_path: Path) -> None:
    path = tmp_path / "digits.py"
    path.write_text(SCRIPT, encoding="utf-8")
    found = ImportJob(path, trusted=True)(lambda event: None, CancelSource().token)
    assert isinstance(found, Imported)
    assert found.spec.inputs[0].params["shape"] == (1, 28, 28)


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Sequential(nn.Conv2d(3, 8, 5), nn.Flatten(), nn.Linear(8 * 28 * 28, 10)), (3, 32, 32)),
        (nn.Sequential(nn.Conv2d(3, 8, 5), nn.AdaptiveAvgPool2d(1)), (3, 224, 224)),
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), (1, 28, 28)),
        (nn.Sequential(nn.Flatten(), nn.Linear(3072, 10)), (3, 32, 32)),
        (nn.Sequential(nn.Linear(13, 4)), (13,)),
        (nn.LSTM(7, 5, batch_first=True), (28, 7)),
        (nn.Identity(), (3, 224, 224)),
    ],
)
def test_the_first_layer_and_what_follows_tell_the_size(module: nn.Module, shape: tuple[int, ...]) -> None:
    assert usual_shapes(module) == (shape,)


def test_trying_leaves_the_module_as_it_was() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout())
    module[1].eval()
    before: dict[str, Tensor] = {name: value.clone() for name, value in module.state_dict().items()}
    usual_shapes(module)
    assert module[0].training
    assert not module[1].training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
