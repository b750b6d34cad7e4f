"""Nodes that share weights, blocks applied to each element, parameters shown on blocks, and memory used again."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.errors import BadInput
from engine.gallery.base import Drawing
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.exposed import Target, exposed
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec, to_plain
from engine.graph.topology import inline
from engine.project.network_file import network_from_plain


def twice() -> NetworkSpec:
    """One convolution used two times in a row."""
    net = Drawing("Twice")
    first = net.node("Conv2d", "conv1", net.input(4, 8, 8), out_channels=4, kernel_size=3, padding=1)
    return net.output(net.shared("again", "conv1", net.node("ReLU", "relu1", first)))


def two_towers() -> NetworkSpec:
    """Two inputs through one encoder."""
    inside = Drawing("Encoder")
    encoder = inside.output(
        inside.chain(inside.input(1, 8, 8), ("Conv2d", "conv1", {"out_channels": 3}), ("Flatten", "flat"))
    )
    net = Drawing("Towers")
    left = net.block("encoder", encoder, net.input(1, 8, 8, id="left"))
    right = net.shared("twin", "encoder", net.input(1, 8, 8, id="right"))
    return net.outputs({"one": left, "other": right})


def test_shared_weights_exist_once_and_work_twice() -> None:
    spec = twice()
    torch.manual_seed(0)
    net = compile_network(spec)
    conv = nn.Conv2d(4, 4, 3, padding=1)
    assert list(net.state_dict()) == ["conv1.weight", "conv1.bias"]
    conv.load_state_dict({key.removeprefix("conv1."): value for key, value in net.state_dict().items()})
    picture = torch.randn(2, 4, 8, 8)
    ours, theirs = net(picture), conv(torch.relu(conv(picture)))
    torch.testing.assert_close(ours, theirs)
    ours.square().sum().backward()
    theirs.square().sum().backward()
    torch.testing.assert_close(net.conv1.weight.grad, conv.weight.grad)


def test_costs_count_shared_weights_once_and_work_each_time() -> None:
    analysis = analyse(twice())
    assert not analysis.problems
    assert analysis.totals.parameters == 4 * (4 * 9 + 1)
    assert analysis.totals.macs == 2 * 8 * 8 * 4 * 4 * 9
    towers = analyse(two_towers())
    assert towers.totals.parameters == 3 * (9 + 1)
    assert sum(info.parameters for id, info in towers.nodes.items() if "." in id) == 3 * (9 + 1)


def test_taps_and_times_tell_the_uses_of_shared_weights_apart() -> None:
    net = compile_network(two_towers()).eval()
    left, right = torch.randn(1, 1, 8, 8), torch.randn(1, 1, 8, 8)
    for _ in range(2):
        with torch.no_grad(), net.tap(["encoder.conv1", "twin.conv1"]) as maps, net.timed() as times:
            net(left, right)
        torch.testing.assert_close(maps["encoder.conv1"], net.encoder.conv1(left))
        torch.testing.assert_close(maps["twin.conv1"], net.encoder.conv1(right))
        assert {"encoder", "twin", "twin.conv1"} <= set(times)


def test_edits_keep_those_who_share_alike() -> None:
    spec = edits.set_params(twice(), "again", out_channels=4, kernel_size=5, padding=2)
    assert spec.node("conv1").params == spec.node("again").params
    assert compile_network(spec)(torch.zeros(1, 4, 8, 8)).shape == (1, 4, 8, 8)
    assert edits.rename(spec, "conv1", "first").node("again").shares == "first"
    alone = edits.own_weights(spec, "again")
    assert analyse(alone).totals.parameters == 2 * analyse(spec).totals.parameters


def test_weights_go_on_to_the_first_user_when_their_owner_leaves() -> None:
    spec = edits.remove(twice(), ["conv1"], heal=True)
    assert spec.node("again").shares is None
    assert list(compile_network(spec).state_dict()) == ["again.weight", "again.bias"]
    swapped = edits.swap_type(twice(), "conv1", "BatchNorm2d")
    assert swapped.node("again").type == "Conv2d"
    assert swapped.node("again").shares is None


def test_pasted_copies_share_among_themselves_and_with_what_stayed() -> None:
    spec = twice()
    both, ids = edits.paste(spec, edits.copy(spec, ["conv1", "again"]))
    assert [both.node(id).shares for id in ids] == [None, ids[0]]
    one, (again,) = edits.paste(spec, edits.copy(spec, ["again"]))
    assert one.node(again).shares == "conv1"
    elsewhere, (alone,) = edits.paste(NetworkSpec(), edits.copy(spec, ["again"]))
    assert elsewhere.node(alone).shares is None


def test_a_user_whose_input_does_not_fit_is_named() -> None:
    spec = edits.add_node(twice(), NodeSpec("wide", "Conv2d", {"out_channels": 6, "kernel_size": 3, "padding": 1}))
    spec = edits.insert_on_edge(
        edits.remove(spec, ["wide"]),
        EdgeSpec("relu1", "again"),
        NodeSpec("wide", "Conv2d", {"out_channels": 6, "kernel_size": 3, "padding": 1}),
    )
    error = analyse(spec).errors[0]
    assert error.node == "again"
    assert "4×8×8" in error.message
    assert "6×8×8" in error.message
    with pytest.raises(BadInput):
        compile_network(spec)


def test_sharing_survives_saving_and_a_file_that_shares_with_nobody_is_refused() -> None:
    spec = two_towers()
    assert network_from_plain(to_plain(spec)) == spec
    plain = to_plain(spec)
    plain["nodes"][-3]["shares"] = "nobody"
    with pytest.raises(BadInput, match="nobody"):
        network_from_plain(plain)


def test_use_again_adds_a_node_that_shares_and_parts_can_be_tied() -> None:
    spec, new = edits.use_again(twice(), "again")
    assert spec.node(new).shares == "conv1"
    net = Drawing("Plain")
    chain = net.chain(net.input(3, 8, 8), ("Conv2d", "a", {"out_channels": 3}), ("Conv2d", "b", {"out_channels": 3}))
    tied = edits.share_weights(net.output(chain), "b", "a")
    assert analyse(tied).totals.parameters == 3 * (27 + 1)
    with pytest.raises(BadInput):
        edits.share_weights(tied, "a", "b")


def test_blocks_cannot_tear_those_who_share_apart() -> None:
    with pytest.raises(BadInput, match="same weights"):
        edits.make_block(twice(), ["conv1", "relu1"])
    packed = edits.make_block(twice(), ["conv1", "relu1", "again"])
    assert analyse(packed).totals == analyse(twice()).totals
    with pytest.raises(BadInput, match="same weights"):
        edits.detach_block(two_towers(), "twin")
    assert edits.detach_block(packed, "block1").node("block1_again").shares == "block1_conv1"
    assert inline(two_towers()).node("twin.conv1").shares == "encoder.conv1"


def clip() -> NetworkSpec:
    inside = Drawing("Frame encoder")
    encoder = inside.output(
        inside.chain(inside.input(3, 8, 8), ("Conv2d", "conv1", {"out_channels": 5}), ("Flatten", "flat"))
    )
    net = Drawing("Clip")
    return net.output(net.block("frames", encoder, net.input(4, 3, 8, 8), each=True))


def test_a_block_applied_to_each_element_equals_a_loop() -> None:
    spec = clip()
    net = compile_network(spec).eval()
    batch = torch.randn(2, 4, 3, 8, 8)
    expected = torch.stack([net.frames.conv1(batch[:, frame]).flatten(1) for frame in range(4)], dim=1)
    torch.testing.assert_close(net(batch), expected)
    analysis = analyse(spec)
    assert analysis.output == (4, 5 * 6 * 6)
    assert analysis.totals.macs == 4 * 6 * 6 * 5 * 27
    assert analysis.nodes["frames.conv1"].macs == analysis.totals.macs
    assert analysis.nodes["frames.conv1"].receptive_field.size == (3, 3)
    assert network_from_plain(to_plain(spec)) == spec


def test_a_block_for_each_needs_elements() -> None:
    net = Drawing("Wrong")
    inside = Drawing("Inside")
    dense = inside.output(inside.node("Linear", "fc", inside.input(4), out_features=2))
    spec = net.output(net.block("each", dense, net.input(4), each=True))
    error = analyse(spec).errors[0]
    assert error.node == "each"
    assert not analyse(edits.set_each(spec, "each", False)).errors
    with pytest.raises(BadInput, match="each element"):
        edits.detach_block(spec, "each")


def test_a_block_shows_parameters_of_its_layers() -> None:
    inside = Drawing("Dense layer")
    layer = inside.output(
        inside.chain(
            inside.input(8, 4, 4),
            ("Conv2d", "conv1", {"out_channels": 128, "kernel_size": 1}),
            ("Conv2d", "conv2", {"out_channels": 32, "kernel_size": 3, "padding": 1}),
        )
    )
    net = Drawing("Net")
    shown = {"growth rate": [("conv2", "out_channels", 1), ("conv1", "out_channels", 4)]}
    spec = net.output(net.block("layer", layer, net.input(8, 4, 4), exposed=shown))
    assert network_from_plain(to_plain(spec)) == spec
    assert exposed(spec.node("layer"))["growth rate"].value == 32
    thin = edits.set_exposed(spec, "layer", "growth rate", 12)
    inner = thin.node("layer").subgraph
    assert [inner.node(id).params["out_channels"] for id in ("conv1", "conv2")] == [48, 12]
    assert exposed(thin.node("layer"))["growth rate"].value == 12
    with pytest.raises(BadInput, match="growth rate"):
        edits.set_exposed(spec, "layer", "width", 3)
    more = edits.expose(thin, "layer", "window", [Target("conv2", "kernel_size")])
    assert set(exposed(more.node("layer"))) == {"growth rate", "window"}
    assert set(exposed(edits.expose(more, "layer", "window", ()).node("layer"))) == {"growth rate"}


@pytest.mark.parametrize("watched", [(), ("conv1",), ("relu1",), ("drop",)])
def test_working_in_place_changes_no_answer_and_nothing_that_is_looked_at(watched: tuple[str, ...]) -> None:
    """Dropout hands its input on as it is, so a ReLU beside it must not write over what Dropout's reader sees."""
    net = Drawing("Alias")
    conv = net.node("Conv2d", "conv1", net.input(3, 8, 8), out_channels=6, kernel_size=3, padding=1)
    relu, drop = net.node("ReLU", "relu1", conv), net.node("Dropout", "drop", conv)
    norm = net.node("BatchNorm2d", "norm", net.node("Concatenate", "cat", [relu, drop]))
    other = net.node("Conv2d", "conv2", norm, out_channels=12, kernel_size=1)
    hard = net.node("Hardswish", "hard", net.node("Add", "add", [other, net.node("ReLU6", "relu2", norm)]))
    spec = net.outputs({"out": hard, "early": drop})
    torch.manual_seed(0)
    module = compile_network(spec).eval()
    picture = torch.randn(2, 3, 8, 8)
    wanted = module(picture)
    with torch.no_grad(), module.tap(watched) as maps:
        answer = module(picture)
        kept = {id: value.clone() for id, value in maps.items()}
        module(torch.randn(2, 3, 8, 8))
    for one, other_one in zip(answer, wanted, strict=True):
        torch.testing.assert_close(one, other_one, rtol=0, atol=0)
    raw = module.conv1(picture)
    for id, value in kept.items():
        torch.testing.assert_close(value, torch.relu(raw) if id == "relu1" else raw, rtol=0, atol=0)


def test_memory_is_used_again_where_nobody_looks() -> None:
    net = Drawing("Lean")
    spec = net.output(
        net.chain(net.input(3, 8, 8), ("Conv2d", "conv1", {"out_channels": 4}), ("ReLU", "relu1"), ("Flatten", "flat"))
    )
    module = compile_network(spec).eval()
    seen: list[int] = []
    step = next(slot for slot in module._slots if slot.id == "relu1")
    module._slots = tuple(
        slot._replace(in_place=lambda x: seen.append(x.data_ptr()) or torch.relu_(x)) if slot is step else slot
        for slot in module._slots
    )
    with torch.no_grad():
        answer = module(torch.randn(1, 3, 8, 8))
    assert seen == [answer.data_ptr()]
    module(torch.randn(1, 3, 8, 8))
    assert len(seen) == 1, "values are kept while gradients are recorded"
