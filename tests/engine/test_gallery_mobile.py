"""Networks for phones: parameters and multiply-adds of their papers, torchvision's answers, blocks that scale."""

from __future__ import annotations

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models.mobilenetv3 import _mobilenet_v3_conf

from engine.blocks.base import BLOCKS, block_params
from engine.gallery import GALLERY, open_network
from engine.gallery.base import Drawing, with_input
from engine.gallery.mobilenet_v3 import Row, features, large, rename_features, small
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.exposed import exposed
from tests.helpers.twins import answers, stir

TWINS = {
    "mobilenet_v2": 3_504_872,
    "mobilenet_v3_small": 2_542_856,
    "mobilenet_v3_large": 5_483_032,
    "efficientnet_b0": 5_288_548,
}
PAPERS = ["mobilenet_v1", "xception"]


@pytest.mark.parametrize(("id", "parameters"), list(TWINS.items()))
def test_it_is_torchvisions_network(id: str, parameters: int) -> None:
    assert analyse(open_network(id)).totals.parameters == parameters
    ours, theirs = answers(id, 96)
    assert theirs.std() > 1e-3
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("id", [*TWINS, *PAPERS])
def test_it_has_the_papers_table(id: str) -> None:
    nodes = analyse(open_network(id)).nodes
    for row in GALLERY.get(id).table:
        if row.output is not None:
            assert nodes[row.node].output_shape == row.output, row
        if row.parameters is not None:
            assert nodes[row.node].parameters == row.parameters, row


@pytest.mark.parametrize(
    ("width", "parameters"), [(1.0, 4_231_976), (0.75, 2_585_560), (0.5, 1_331_592), (0.25, 470_072)]
)
def test_mobilenet_v1_gets_thinner(width: float, parameters: int) -> None:
    assert analyse(open_network("mobilenet_v1", width=width)).totals.parameters == parameters


@pytest.mark.parametrize(("resolution", "side", "millions"), [(1.0, 224, 569), (0.857, 192, 418), (0.714, 160, 290),
                                                              (0.571, 128, 186)])  # fmt: skip
def test_mobilenet_v1_costs_what_the_paper_says(resolution: float, side: int, millions: int) -> None:
    """Howard et al. 2017, table 7, which rounds 290.7 down."""
    spec = open_network("mobilenet_v1", resolution=resolution)
    assert spec.inputs[0].params["shape"] == (3, side, side)
    assert analyse(spec).totals.macs / 1e6 == pytest.approx(millions, abs=0.7)


def test_mobilenet_v1_ends_with_stride_one() -> None:
    assert analyse(open_network("mobilenet_v1")).nodes["separable13"].input_shapes == ((1024, 7, 7),)


def test_the_work_of_mobilenet_v1_is_in_its_pointwise_convolutions() -> None:
    """Howard et al. 2017, table 2: 94.86 % of the multiply-adds and 74.59 % of the parameters."""
    analysis = analyse(open_network("mobilenet_v1"))
    point = [info for id, info in analysis.nodes.items() if id.endswith(".pointwise")]
    weights = sum(
        info.parameters for info in analysis.nodes.values() if info.type in ("Conv2d", "DepthwiseConv2d", "Linear")
    )
    assert sum(info.macs for info in point) / analysis.totals.macs == pytest.approx(0.9486, abs=1e-3)
    assert sum(info.parameters for info in point) / weights == pytest.approx(0.7459, abs=3e-3)


def test_xception_counts_as_keras_does() -> None:
    """22,855,952 trainable parameters (the paper's table 3) and 54,528 running statistics of batch normalisation."""
    spec = open_network("xception")
    analysis = analyse(spec)
    assert analysis.totals.parameters == analysis.totals.trainable_parameters == 22_855_952
    with torch.device("meta"):
        net = compile_network(spec)
    assert sum(b.numel() for name, b in net.named_buffers() if "running" in name) == 54_528
    sizes = [analysis.nodes[id].output_shape for id in ("entry_flow.conv1_act", "entry_flow.conv2_act", "exit_flow")]
    assert sizes == [(32, 149, 149), (64, 147, 147), (2048, 10, 10)]


def test_efficientnet_leaves_later_blocks_out_more_often() -> None:
    net = compile_network(open_network("efficientnet_b0"))
    twin = torchvision.models.efficientnet_b0()
    ours = [module.p for module in net.modules() if type(module).__name__ == "StochasticDepth"]
    theirs = [
        block.stochastic_depth.p
        for block in twin.modules()
        if isinstance(block, torchvision.models.efficientnet.MBConv) and block.use_res_connect
    ]
    assert ours == pytest.approx(theirs)


@pytest.mark.parametrize("id", [*TWINS, *PAPERS])
def test_it_learns_from_small_pictures(id: str) -> None:
    entry = GALLERY.get(id)
    assert entry.smallest is not None
    net = compile_network(with_input(open_network(id, num_classes=3, in_channels=1), (1, *entry.smallest)))
    torch.manual_seed(0)
    nn.functional.cross_entropy(net(torch.randn(4, 1, *entry.smallest)), torch.tensor([0, 1, 2, 0])).backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in net.parameters())


@pytest.mark.parametrize("changes", [{}, {"dilated": True}, {"reduced_tail": True}, {"width": 0.75}])
@pytest.mark.parametrize("size", ["large", "small"])
def test_the_bottlenecks_are_torchvisions(size: str, changes: dict) -> None:
    names = {"width": "width_mult"}
    theirs, _ = _mobilenet_v3_conf(f"mobilenet_v3_{size}", **{names.get(k, k): v for k, v in changes.items()})
    ours = (large if size == "large" else small)(**changes)
    assert [
        (row.in_channels, row.kernel_size, row.expanded, row.out_channels, row.squeezes, row.stride, row.dilation)
        for row in ours
    ] == [(c.input_channels, c.kernel, c.expanded_channels, c.out_channels, c.use_se, c.stride, c.dilation)
          for c in theirs]  # fmt: skip


def test_a_dilated_and_a_reduced_backbone_agree_with_torchvisions() -> None:
    from torchvision.models.mobilenetv3 import MobileNetV3

    for changes in ({"dilated": True}, {"reduced_tail": True}):
        torch.manual_seed(0)
        settings, last = _mobilenet_v3_conf("mobilenet_v3_large", **changes)
        twin = stir(MobileNetV3(settings, last).features)
        ours = _backbone(large(**changes))
        weights = {f"features.{key}": value for key, value in twin.state_dict().items()}
        ours.load_state_dict({rename_features(large(**changes), key): value for key, value in weights.items()})
        pictures = torch.randn(1, 3, 96, 96)
        with torch.no_grad():
            theirs = twin(pictures)
            assert theirs.std() > 0.05
            torch.testing.assert_close(ours(pictures), theirs, rtol=1e-5, atol=1e-5)


def _backbone(table: tuple[Row, ...]) -> nn.Module:
    net = Drawing("Backbone")
    return compile_network(net.output(features(net, net.input(3, 96, 96), table))).eval()


def test_the_widened_picture_can_be_taken_out() -> None:
    net = Drawing("Two outputs")
    table = large(reduced_tail=True)
    last = features(net, net.input(3, 320, 320), table, expanded_outputs=(13,))
    analysis = analyse(net.outputs({"c4": "bneck13:expanded", "c5": last}))
    assert not analysis.problems
    assert analysis.nodes["bneck13"].output_shapes == ((80, 10, 10), (672, 20, 20))


@pytest.mark.parametrize("id", [*TWINS, "mobilenet_v1"])
def test_what_its_blocks_show_can_be_changed(id: str) -> None:
    """Layers behind a change take what comes: no width of an input is written down anywhere."""
    spec = open_network(id)
    for block in spec.nodes:
        for name, one in exposed(block).items():
            value = one.value if name == "stride" else one.value + 2
            assert not analyse(edits.set_exposed(spec, block.id, name, value)).errors, (block.id, name)


@pytest.mark.parametrize("id", ["conv_norm_activation", "squeeze_excitation", "inverted_residual", "separable"])
def test_a_dropped_block_works_and_shows_its_parameters(id: str) -> None:
    entry = BLOCKS.get(id)
    options = entry.options()
    inside = entry.build(options)
    channels = inside.inputs[0].params["shape"][0]
    net = Drawing("Dropped")
    spec = net.output(net.block("block", inside, net.input(channels, 16, 16)))
    spec = edits.set_params(spec, "block", **block_params(entry, options))
    assert not analyse(spec).problems
    shown = exposed(spec.node("block"))
    assert set(shown) == set(entry.exposed(options))
    name, one = next(iter(shown.items()))
    other = edits.set_exposed(spec, "block", name, one.value + 2)
    assert exposed(other.node("block"))[name].value == one.value + 2
    assert not analyse(other).errors


def test_stochastic_depth_leaves_whole_branches_out() -> None:
    from engine.modules.stochastic_depth import StochasticDepth

    torch.manual_seed(0)
    module, ones = StochasticDepth(0.25), torch.ones(4000, 3, 2)
    rows = module(ones).flatten(1)
    torch.testing.assert_close(rows.unique(dim=0), torch.tensor([[0.0] * 6, [4 / 3] * 6]))
    assert (rows[:, 0] > 0).float().mean() == pytest.approx(0.75, abs=0.03)
    assert len(StochasticDepth(0.5, "batch")(ones).unique()) == 1
    assert torch.equal(module.eval()(ones), ones)
