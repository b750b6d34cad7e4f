"""Blocks that work on each element come back from source; what else folds the batch is refused in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engine.cancel import CancelSource
from engine.errors import BadInput
from engine.export.source.generate import generate
from engine.gallery import open_network
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.importing.job import ImportJob
from engine.importing.modules import import_module
from engine.importing.trace import trace

FRAMES = (5, 3, 12, 12)


class Inside(nn.Module):
    """A small network for one frame, with one answer or two."""

    def __init__(self, two: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4, 6)
        self.two = two

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        pooled = self.conv(x).relu().mean((2, 3))
        return (self.fc(pooled), pooled) if self.two else self.fc(pooled)


class Network(nn.Module):
    """Frames in, and what `way` does with the parts."""

    def __init__(self, way: Callable[[Network, Tensor], Tensor], two: bool = False) -> None:
        super().__init__()
        self.frames = Inside(two)
        self.last = nn.Linear(6, 6)
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        return self.way(self, x)


def once(net: Network, x: Tensor) -> Tensor:
    return net.last(net.frames(x.flatten(0, 1)).unflatten(0, x.shape[:2])[:, -1])


def with_numbers(net: Network, x: Tensor) -> Tensor:
    batch, frames = x.shape[0], x.shape[1]
    return net.frames(x.flatten(0, 1)).unflatten(0, (batch, frames))


def more_than_a_module(net: Network, x: Tensor) -> Tensor:
    return torch.tanh(net.last(net.frames(x.flatten(0, 1)))).unflatten(0, (-1, 5))


def several_answers(net: Network, x: Tensor) -> Tensor:
    sizes = x.shape[:2]
    result, pooled = net.frames(x.flatten(0, 1))
    return torch.cat([result.unflatten(0, sizes), pooled.unflatten(0, sizes)], 2)


def twice(net: Network, x: Tensor) -> Tensor:
    later = x[:, 2:]
    one = net.frames(x.flatten(0, 1)).unflatten(0, x.shape[:2])
    other = net.frames(later.flatten(0, 1)).unflatten(0, later.shape[:2])
    return torch.cat([one, other], 1)


ALL = (once, with_numbers, more_than_a_module, several_answers, twice)
WAYS: dict[str, Callable[[Network, Tensor], Tensor]] = {way.__name__: way for way in ALL}


@pytest.mark.parametrize("name", WAYS)
def test_what_is_done_to_each_element_is_a_block_that_computes_the_same(name: str) -> None:
    torch.manual_seed(0)
    module = Network(WAYS[name], two=name == "several_answers").eval()
    found = import_module(module, [FRAMES])
    assert found.how == "torch.fx"
    blocks = [node for node in found.spec.nodes if node.params.get("each")]
    assert len(blocks) == (2 if name == "twice" else 1)
    assert [block.shares for block in blocks] == ([None, blocks[0].id] if name == "twice" else [None])
    net = compile_network(found.spec).eval()
    net.load_state_dict(dict(found.state or {}), strict=True)
    pictures = torch.randn(3, *FRAMES)
    with torch.no_grad():
        torch.testing.assert_close(net(pictures), module(pictures), atol=1e-6, rtol=1e-5)


def test_a_module_for_each_element_gives_the_block_its_name() -> None:
    found = import_module(Network(once), [FRAMES])
    assert [node.id for node in found.spec.nodes if node.params.get("each")] == ["frames"]
    assert set(found.state or {}) == set(Network(once).state_dict())


def nested(net: Network, x: Tensor) -> Tensor:
    clips = x.flatten(0, 1)
    return net.frames(clips.flatten(0, 1)).unflatten(0, clips.shape[:2]).unflatten(0, x.shape[:2])


def test_elements_of_elements_are_a_block_in_a_block() -> None:
    torch.manual_seed(0)
    module = Network(nested).eval()
    found = import_module(module, [(2, *FRAMES)])
    outer = next(node for node in found.spec.nodes if node.params.get("each"))
    assert outer.subgraph is not None
    assert [node.params.get("each") for node in outer.subgraph.nodes if node.subgraph] == [True]
    net = compile_network(found.spec).eval()
    net.load_state_dict(dict(found.state or {}), strict=True)
    clips = torch.randn(2, 2, *FRAMES)
    with torch.no_grad():
        torch.testing.assert_close(net(clips), module(clips), atol=1e-6, rtol=1e-5)


def never_back(net: Network, x: Tensor) -> Tensor:
    return net.frames(x.flatten(0, 1))


def all_at_once(net: Network, x: Tensor) -> Tensor:
    return x.flatten(0, 2)


def beside_the_whole(net: Network, x: Tensor) -> Tensor:
    return x.flatten(0, 1) + x[:, 0]


def another_number(net: Network, x: Tensor) -> Tensor:
    return net.frames(x.flatten(0, 1)).unflatten(0, (x.shape[1], -1))


def by_the_pictures(net: Network, x: Tensor) -> Tensor:
    return net.frames(x.flatten(0, 1)).reshape(x.shape[0], -1)


REFUSED: dict[Callable[[Network, Tensor], Tensor], str] = {
    never_back: "Flatten that takes in the batch",
    all_at_once: "Flatten that takes in the batch",
    beside_the_whole: "Flatten that takes in the batch",
    another_number: "unflatten of the batch",
    by_the_pictures: "reshape that moves the batch",
}


@pytest.mark.parametrize("way", REFUSED, ids=lambda way: way.__name__)
def test_other_ways_of_folding_the_batch_are_refused(way: Callable[[Network, Tensor], Tensor]) -> None:
    with pytest.raises(BadInput, match=re.escape(REFUSED[way])):
        trace(Network(way), FRAMES)


def test_elements_that_never_come_together_again_are_refused_by_both_ways() -> None:
    with pytest.raises(BadInput, match="Flatten that takes in the batch"):
        import_module(Network(never_back), [FRAMES])


def there_and_back(net: Network, x: Tensor) -> Tensor:
    flat = x.flatten(0, 1)
    scores = flat.mean((2, 3))
    whole = scores.unflatten(0, x.shape[:2]).softmax(1)
    return (scores * whole.flatten(0, 1)).unflatten(0, x.shape[:2])


def inside_and_outside(net: Network, x: Tensor) -> Tensor:
    each = net.last(net.frames(x.flatten(0, 1))).unflatten(0, x.shape[:2])
    return net.last(each.mean(1))


@pytest.mark.parametrize(
    ("way", "words"),
    [
        (there_and_back, "needs results of what it leads to"),
        (inside_and_outside, "used for each element and elsewhere"),
    ],
)
def test_what_no_block_can_hold_is_said_with_the_names(way: Callable[[Network, Tensor], Tensor], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        trace(Network(way), FRAMES)


def test_an_edit_in_what_is_done_to_each_frame_arrives_in_its_block(tmp_path: Path) -> None:
    spec = open_network("cnn_lstm")
    text = generate(spec)
    for before, after in (("nn.Linear(2048, 64)", "nn.Linear(2048, 48)"), ("LSTM(64, ", "LSTM(48, ")):
        assert text.count(before) == 1
        text = text.replace(before, after)
    path = tmp_path / "net.py"
    path.write_text(text, encoding="utf-8")
    found = ImportJob(path, trusted=True, like=spec)(lambda event: None, CancelSource().token).spec
    frames = found.node("frames")
    assert frames.params.get("each") is True
    assert frames.subgraph is not None
    assert frames.subgraph.node("fc").params["out_features"] == 48
    assert found.node("frames").position == spec.node("frames").position
    assert analyse(found).nodes["frames"].output_shape == (8, 48)
