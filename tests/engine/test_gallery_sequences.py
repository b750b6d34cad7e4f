"""The networks that read sequences: weights by hand, answers by PyTorch's own modules, and that they learn."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import BadInput
from engine.gallery import open_network
from engine.graph.analyse import analyse
from engine.graph.compile import CompiledNetwork, compile_network

RECURRENT = {"rnn": (1, 1), "birnn": (1, 2), "lstm": (4, 1), "gru": (3, 1)}
"""Gates and directions of each network."""


def opened(id: str, **options: Any) -> CompiledNetwork:
    torch.manual_seed(0)
    return compile_network(open_network(id, **options))


def trained(net: nn.Module, x: Tensor, y: Tensor, steps: int, rate: float) -> list[float]:
    """The loss at each of some steps of Adam on mini-batches of 64."""
    torch.manual_seed(0)
    optimiser = torch.optim.Adam(net.parameters(), rate)
    losses = []
    for _ in range(steps):
        some = torch.randint(0, len(x), (64,))
        loss = F.cross_entropy(net(x[some]), y[some])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("id", list(RECURRENT))
def test_parameters_follow_from_the_equations(id: str) -> None:
    """Each gate has W (H×I), U (H×H) and two biases (H), in each direction; the dense layer reads all states."""
    gates, ways = RECURRENT[id]
    layer = ways * gates * (128 * 28 + 128 * 128 + 2 * 128)
    assert analyse(open_network(id)).totals.parameters == layer + 10 * (ways * 128 + 1)
    stacked = open_network(id, layers=2, hidden=6, features=5, num_classes=3, dropout=0.1)
    first = ways * gates * 6 * (5 + 6 + 2)
    second = ways * gates * 6 * (ways * 6 + 6 + 2)
    assert analyse(stacked).totals.parameters == first + second + 3 * (ways * 6 + 1)


@pytest.mark.parametrize("id", list(RECURRENT))
@pytest.mark.parametrize("output", ["last", "all"])
def test_answers_are_those_of_pytorchs_modules(id: str, output: str) -> None:
    _, ways = RECURRENT[id]
    type = "RNN" if id == "birnn" else id.upper()
    net = opened(id, length=7, features=5, hidden=6, num_classes=3, output=output)
    twin = getattr(nn, type)(5, 6, bidirectional=ways == 2, batch_first=True)
    head = nn.Linear(6 * ways, 3)
    twin.load_state_dict(net.module_of(type.lower()).state_dict())
    head.load_state_dict(net.module_of("fc").state_dict())
    x = torch.randn(4, 7, 5)
    states, last = twin(x)
    if isinstance(last, tuple):
        last = last[0]
    read = states if output == "all" else torch.cat(tuple(last), 1)
    assert torch.allclose(net(x), head(read), atol=1e-6)
    assert analyse(net.spec).output == ((7, 3) if output == "all" else (3,))


@pytest.mark.parametrize("id", list(RECURRENT))
def test_it_learns_digits_row_by_row(id: str) -> None:
    digits = load_digits()
    x, y = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16, torch.tensor(digits.target)
    net = opened(id, length=8, features=8, hidden=32, rows=True)
    losses = trained(net, x, y, steps=120, rate=0.01)
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])


def test_a_clip_network_has_one_set_of_weights_for_all_frames() -> None:
    convolutions = 16 * (9 * 3 + 1) + 32 * (9 * 16 + 1)
    features = 64 * (8 * 8 * 32 + 1)
    lstm = 4 * 64 * (64 + 64 + 2)
    for length in (2, 8, 20):
        totals = analyse(open_network("cnn_lstm", length=length)).totals
        assert totals.parameters == convolutions + features + lstm + 10 * 65
    two, four = (analyse(open_network("cnn_lstm", length=n)).nodes["frames"].macs for n in (2, 4))
    assert four == 2 * two


def test_a_clip_is_read_frame_by_frame() -> None:
    net = opened("cnn_lstm", length=3, size=8, in_channels=1, features=5).eval()
    clip = torch.randn(2, 3, 1, 8, 8)
    frames = net.module_of("frames")
    together = frames(clip)
    assert together.shape == (2, 3, 5)
    alone = torch.stack([frames(clip[:, step : step + 1])[:, 0] for step in range(3)], 1)
    assert torch.allclose(together, alone, atol=1e-6)
    read = nn.LSTM(5, 64, batch_first=True)
    read.load_state_dict(net.module_of("lstm").state_dict())
    assert torch.allclose(net(clip), net.module_of("fc")(read(together)[0][:, -1]), atol=1e-6)


def test_a_clip_network_learns_which_way_a_dot_moves() -> None:
    """No single frame tells left from right; only their order does."""
    torch.manual_seed(1)
    count, length, size = 256, 4, 8
    y = torch.randint(0, 2, (count,))
    start, row = torch.randint(0, size - length + 1, (count,)), torch.randint(0, size, (count,))
    clips = torch.zeros(count, length, 1, size, size)
    for step in range(length):
        place = torch.where(y == 1, start + step, start + length - 1 - step)
        clips[torch.arange(count), step, 0, row, place] = 1
    net = opened("cnn_lstm", length=length, size=size, in_channels=1, num_classes=2, features=16, hidden=16)
    losses = trained(net, clips, y, steps=80, rate=0.01)
    assert sum(losses[:3]) / 3 > 0.6
    assert sum(losses[-3:]) / 3 < 0.3


def test_an_impossible_option_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"LSTM cannot take output = 'first'"):
        open_network("lstm", output="first")
    with pytest.raises(BadInput, match=r"Its options are num_classes, length, features, hidden"):
        open_network("gru", in_channels=3)
