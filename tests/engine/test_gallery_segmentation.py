"""The segmentation networks: sizes and parameters of their papers, torchvision's answers, pixels sampled or all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional as F

from engine.blocks.base import BLOCKS, block_params
from engine.datasets.draws import Draws, sample_keys
from engine.errors import BadInput
from engine.gallery import GALLERY, deeplab, fcn_resnet, lraspp, open_network
from engine.gallery.base import Drawing, with_input
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.example import example_inputs
from engine.graph.exposed import exposed
from engine.graph.pixels import at_all_pixels, at_pixels
from engine.modules.bilinear import BilinearConvTranspose2d
from engine.modules.hypercolumn import Hypercolumn
from engine.tasks.dense.pixel_sampling import at_positions, stratified_pixels
from tests.helpers.twins import stirred_twin

IDS = [
    "fcn32s", "fcn16s", "fcn8s", "fcn_resnet50", "unet", "deeplabv3_resnet50", "lraspp_mobilenet_v3_large", "pixelnet",
]  # fmt: skip

# The convolutions of VGG-16 and its first two dense layers, read as convolutions.
VGG_16 = 14_714_688
DENSE = (7 * 7 * 512 + 1) * 4096 + (4096 + 1) * 4096
SCORE = (4096 + 1) * 21


@pytest.mark.parametrize(
    ("id", "options", "parameters"),
    [
        ("fcn32s", {}, VGG_16 + DENSE + SCORE + 21 * 21 * 64 * 64),
        ("fcn16s", {}, VGG_16 + DENSE + SCORE + 21 * 21 * (4 * 4 + 32 * 32) + 513 * 21),
        ("fcn8s", {}, VGG_16 + DENSE + SCORE + 21 * 21 * (2 * 4 * 4 + 16 * 16) + 513 * 21 + 257 * 21),
        ("unet", {}, 31_030_658),
        ("unet", {"padded": True, "in_channels": 3}, 31_030_658 + 2 * 9 * 64),
        ("pixelnet", {}, VGG_16 + DENSE + (5568 + 1) * 4096 + 2 * (4096 + 1) * 4096 + SCORE),
        ("pixelnet", {"pixels": 2000}, VGG_16 + DENSE + (5568 + 1) * 4096 + 2 * (4096 + 1) * 4096 + SCORE),
    ],
)
def test_parameters_to_the_unit(id: str, options: dict[str, Any], parameters: int) -> None:
    assert analyse(open_network(id, **options)).totals.parameters == parameters


@pytest.mark.parametrize("id", IDS)
def test_it_has_the_papers_table(id: str) -> None:
    nodes = analyse(open_network(id)).nodes
    for row in GALLERY.get(id).table:
        assert row.output in (None, nodes[row.node].output_shape), row


@pytest.mark.parametrize("id", [id for id in IDS if id not in ("unet", "pixelnet")])
@pytest.mark.parametrize("size", [(32, 32), (47, 65), (375, 500)])
def test_the_answer_is_as_large_as_the_picture(id: str, size: tuple[int, int]) -> None:
    analysis = analyse(with_input(open_network(id), (3, *size)))
    assert analysis.output == (21, *size)
    assert not analysis.errors


@pytest.mark.parametrize(
    ("id", "options"),
    [("deeplabv3_resnet50", {"aux": True}), ("fcn_resnet50", {"aux": True}), ("lraspp_mobilenet_v3_large", {})],
)
def test_it_takes_torchvisions_weights_and_agrees(id: str, options: dict[str, Any]) -> None:
    twin = stirred_twin(id, weights_backbone=None, **({"aux_loss": True} if options else {}))
    families = {"deeplabv3_resnet50": deeplab, "fcn_resnet50": fcn_resnet, "lraspp_mobilenet_v3_large": lraspp}
    rename = families[id].rename
    ours = compile_network(open_network(id, **options)).eval()
    ours.load_state_dict({rename(key): value for key, value in twin.state_dict().items()})
    pictures = torch.randn(2, 3, 65, 97)
    with torch.no_grad():
        answer, theirs = ours(pictures), twin(pictures)
    answers = answer if isinstance(answer, tuple) else (answer,)
    assert len(answers) == len(theirs)
    for mine, other in zip(answers, theirs.values(), strict=True):
        assert other.std() > 1e-3
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-5)


def test_deeplab_has_no_second_head_unless_asked() -> None:
    twin = stirred_twin("deeplabv3_resnet50", weights_backbone=None)
    spec = open_network("deeplabv3_resnet50")
    assert analyse(spec).totals.parameters == sum(weight.numel() for weight in twin.parameters())
    rename = GALLERY.get("deeplabv3_resnet50").rename
    assert rename is not None
    assert rename("aux_classifier.0.weight") is None


# --- FCN --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "crops"),
    [
        ("fcn32s", {"crop": "upscore32"}),
        ("fcn16s", {"crop_pool4": "score_pool4", "crop": "upscore16"}),
        ("fcn8s", {"crop_pool4": "score_pool4", "crop_pool3": "score_pool3", "crop": "upscore8"}),
    ],
)
def test_the_papers_crops_lie_in_the_middle(id: str, crops: dict[str, str]) -> None:
    """Where all poolings divide without a rest (58 + 198 = 256 pixels), as much is cut off left as right."""
    spec = with_input(open_network(id), (3, 58, 58))
    nodes = analyse(spec).nodes
    for crop, source in crops.items():
        offset = spec.node(crop).params["offset"]
        assert nodes[source].output_shape[1] - nodes[crop].output_shape[1] == 2 * offset, crop


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(4, 2, 1), (8, 4, 2), (3, 2, 1)])
def test_learned_upsampling_begins_bilinear(kernel: int, stride: int, padding: int) -> None:
    """In the middle of the picture; at its edge a transposed convolution sees zeros."""
    torch.manual_seed(0)
    module = BilinearConvTranspose2d(3, 3, kernel, stride, padding, bias=False)
    picture = torch.randn(1, 3, 9, 9)
    ours = module(picture)
    if kernel % 2:  # centred on pixels: every second value is one of the picture's own
        torch.testing.assert_close(ours[:, :, ::2, ::2], picture)
        torch.testing.assert_close(ours[:, :, 1::2, ::2], (picture[:, :, 1:] + picture[:, :, :-1]) / 2)
    else:
        theirs = F.interpolate(picture, scale_factor=stride, mode="bilinear", align_corners=False)
        torch.testing.assert_close(
            ours[..., stride:-stride, stride:-stride], theirs[..., stride:-stride, stride:-stride]
        )


def test_bilinear_beginnings_know_groups_and_bias() -> None:
    module = BilinearConvTranspose2d(4, 4, 4, 2, 1, groups=4, bias=True)
    picture = torch.randn(1, 4, 6, 6)
    alone = BilinearConvTranspose2d(1, 1, 4, 2, 1)
    expected = torch.cat([alone(picture[:, number : number + 1]) for number in range(4)], 1)
    torch.testing.assert_close(module(picture), expected)
    assert not module.bias.any()


def test_a_fresh_fcn_begins_bilinear_and_learns() -> None:
    torch.manual_seed(0)
    net = compile_network(with_input(open_network("fcn8s", width=0.02, num_classes=3), (3, 33, 40)))
    corner = net.upscore2.weight[0, 0]
    torch.testing.assert_close(corner.sum(), torch.tensor(4.0))
    assert not net.upscore2.weight[0, 1].any()
    F.cross_entropy(net(torch.randn(2, 3, 33, 40)), torch.randint(0, 3, (2, 33, 40))).backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in net.parameters())


def _fcn8s(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """The paper's network by hand, without dropout: offsets of the crops are those of its published definition."""

    def conv(name: str, x: Tensor, padding: int = 0) -> Tensor:
        return F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=padding)

    def enlarge(name: str, x: Tensor, stride: int) -> Tensor:
        return F.conv_transpose2d(x, weights[f"{name}.weight"], stride=stride)

    size, pools = x.shape[2:], []
    for stage, depth in enumerate((2, 2, 3, 3, 3), start=1):
        for number in range(1, depth + 1):
            padding = 100 if stage == number == 1 else 1
            x = conv(f"block{stage}.conv{stage}_{number}", x, padding).relu()
        x = F.max_pool2d(x, 2, ceil_mode=True)
        pools.append(x)
    x = conv("score", conv("dense.fc7", conv("dense.fc6", x).relu()).relu())
    x = enlarge("upscore2", x, 2)
    x = x + conv("score_pool4", pools[3])[:, :, 5 : 5 + x.shape[2], 5 : 5 + x.shape[3]]
    x = enlarge("upscore_pool4", x, 2)
    x = x + conv("score_pool3", pools[2])[:, :, 9 : 9 + x.shape[2], 9 : 9 + x.shape[3]]
    return enlarge("upscore8", x, 8)[:, :, 31 : 31 + size[0], 31 : 31 + size[1]]


def test_fcn8s_computes_what_the_paper_defines() -> None:
    torch.manual_seed(0)
    net = compile_network(with_input(open_network("fcn8s", width=0.03, num_classes=4), (3, 45, 60))).eval()
    with torch.no_grad():
        for weight in net.parameters():  # fresh upsampling would hide a mix-up of classes
            weight += 0.02 * torch.randn_like(weight)
        picture = torch.randn(1, 3, 45, 60)
        torch.testing.assert_close(net(picture), _fcn8s(net.state_dict(), picture), rtol=1e-5, atol=1e-5)


# --- U-Net ------------------------------------------------------------------------------------------------------------


def test_a_valid_unet_gives_the_middle_and_a_padded_one_everything() -> None:
    assert analyse(open_network("unet")).output == (2, 388, 388)
    assert analyse(open_network("unet", padded=True)).output == (2, 512, 512)
    assert analyse(with_input(open_network("unet"), (1, 188, 188))).output == (2, 4, 4)
    assert analyse(with_input(open_network("unet"), (1, 172, 172))).errors
    small = open_network("unet", padded=True, depth=2, width=4, num_classes=5)
    net = compile_network(with_input(small, (1, 20, 24)))
    net(torch.randn(2, 1, 20, 24)).square().mean().backward()
    assert all(weight.grad is not None for weight in net.parameters())


def _unet(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """The paper's figure by hand, with the middle of the skipped maps in front of what comes from below."""

    def twice(name: str, x: Tensor) -> Tensor:
        for part in ("conv1", "conv2"):
            x = F.conv2d(x, weights[f"{name}.{part}.weight"], weights[f"{name}.{part}.bias"]).relu()
        return x

    skipped = []
    for number in (1, 2, 3, 4):
        skipped.append(twice(f"down{number}", x))
        x = F.max_pool2d(skipped[-1], 2)
    x = twice("bottom", x)
    for number in (4, 3, 2, 1):
        name = f"up{number}"
        x = F.conv_transpose2d(x, weights[f"{name}.upconv.weight"], weights[f"{name}.upconv.bias"], stride=2)
        cut = (skipped[number - 1].shape[2] - x.shape[2]) // 2
        x = twice(name, torch.cat([skipped[number - 1][:, :, cut:-cut, cut:-cut], x], 1))
    return F.conv2d(x, weights["head.weight"], weights["head.bias"])


def test_unet_computes_the_papers_figure() -> None:
    torch.manual_seed(0)
    net = compile_network(with_input(open_network("unet", width=3), (1, 188, 204)))
    picture = torch.randn(1, 1, 188, 204)
    with torch.no_grad():
        torch.testing.assert_close(net(picture), _unet(net.state_dict(), picture))


def test_a_valid_unet_has_seen_only_real_pixels() -> None:
    """Tiles overlap by 92 pixels on each side: a shifted tile gives the same map, shifted."""
    torch.manual_seed(0)
    net = compile_network(with_input(open_network("unet", width=2), (1, 204, 204))).eval()
    picture = torch.randn(1, 1, 220, 220)
    with torch.no_grad():
        first, second = net(picture[:, :, :204, :204]), net(picture[:, :, 16:, 16:])
    assert first.shape[2:] == (20, 20)
    torch.testing.assert_close(first[:, :, 16:, 16:], second[:, :, :4, :4])


# --- PixelNet ---------------------------------------------------------------------------------------------------------


def _pixelnets(pixels: int) -> tuple[nn.Module, nn.Module]:
    """A small PixelNet for all pixels and one for sampled pixels, of the same weights."""
    torch.manual_seed(0)
    spec = with_input(open_network("pixelnet", width=0.03, num_classes=4), (3, 40, 56))
    dense, sampled = compile_network(spec).eval(), compile_network(at_pixels(spec, pixels)).eval()
    sampled.load_state_dict(dense.state_dict())
    return dense, sampled


def _draws(count: int, epoch: int = 0) -> Draws:
    return Draws(sample_keys(1, epoch, np.arange(count)), 0)


def _at(maps: Tensor, positions: Tensor) -> Tensor:
    """Values (N, K, P) of maps (N, K, H, W) at whole positions (N, P, 2) as (x, y)."""
    return torch.stack([one[:, where[:, 1], where[:, 0]] for one, where in zip(maps, positions, strict=True)])


def test_sampled_and_dense_prediction_agree_at_the_sampled_pixels() -> None:
    dense, sampled = _pixelnets(50)
    pictures = torch.randn(2, 3, 40, 56)
    labels = torch.randint(0, 4, (2, 40, 56))
    positions = stratified_pixels(labels, 50, _draws(2))
    with torch.no_grad():
        scores = sampled(pictures, positions.float())
        everywhere = dense(pictures)
    assert scores.shape == (2, 4, 50, 1)
    assert everywhere.std() > 1e-4
    torch.testing.assert_close(scores[..., 0], _at(everywhere, positions), rtol=1e-5, atol=1e-6)


def test_pixelnet_joins_what_the_paper_names() -> None:
    spec = open_network("pixelnet")
    nodes = analyse(spec).nodes
    sources = [edge.source for edge in spec.edges_into["hypercolumn"]][1:]
    sizes = [(64, 224), (128, 112), (256, 56), (512, 28), (512, 14), (4096, 7)]
    assert [nodes[id].output_shape[:2] for id in sources] == sizes
    assert nodes["hypercolumn"].output_shape == (5568, 224, 224)
    assert analyse(open_network("pixelnet", pixels=2000)).output == (21, 2000, 1)


def test_hypercolumns_blend_between_the_points_of_a_coarse_map() -> None:
    """Against scipy's own interpolation, at the centres of pixels."""
    torch.manual_seed(0)
    picture, coarse = torch.zeros(1, 1, 12, 20), torch.randn(1, 2, 3, 5)
    whole = Hypercolumn(1)(picture, coarse)
    rows, columns = (np.arange(size) + 0.5 for size in (12, 20))
    where = np.stack(np.meshgrid(rows / 4 - 0.5, columns / 4 - 0.5, indexing="ij"))
    for channel in range(2):
        plane = coarse[0, channel].double().numpy()
        expected = ndimage.map_coordinates(plane, where, order=1, mode="nearest")
        np.testing.assert_allclose(whole[0, channel], expected, atol=1e-6)
    between = torch.tensor([[[7.25, 4.5]]])  # also between pixels
    found = Hypercolumn(1, sampled=True)(picture, coarse, between)[0, :, 0, 0]
    place = [[(4.5 + 0.5) / 4 - 0.5], [(7.25 + 0.5) / 4 - 0.5]]
    expected = [ndimage.map_coordinates(one.numpy(), place, order=1, mode="nearest")[0] for one in coarse[0]]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_switching_between_sampled_and_all_pixels_is_an_edit() -> None:
    spec = open_network("pixelnet")
    sampled = at_pixels(spec, 500)
    assert [node.params["shape"] for node in sampled.inputs] == [(3, 224, 224), (500, 2)]
    assert at_pixels(sampled, 500) == sampled
    assert at_pixels(sampled, 20).inputs[1].params["shape"] == (20, 2)
    back = at_all_pixels(sampled)
    assert (back.edges, [node.id for node in back.nodes]) == (spec.edges, [node.id for node in spec.nodes])
    assert analyse(back).output == analyse(spec).output
    with pytest.raises(BadInput, match="has no Hypercolumn"):
        at_pixels(open_network("unet"), 10)


def test_positions_of_another_kind_are_refused_in_plain_words() -> None:
    spec = open_network("pixelnet", pixels=10)
    wrong = edits.set_params(spec, "positions", shape=(10, 3))
    assert "expects positions as P×2" in analyse(wrong).errors[0].message


def test_pixelnet_learns_from_sampled_pixels() -> None:
    """Which half of the picture is bright: after some steps on 60 of its 1,024 pixels, all are right."""
    torch.manual_seed(0)
    spec = with_input(open_network("pixelnet", width=0.03, num_classes=2, in_channels=1), (1, 32, 32))
    dense, sampled = compile_network(spec), compile_network(at_pixels(spec, 60))
    pictures = torch.full((2, 1, 32, 32), -1.0)
    pictures[0, :, :, 16:] = 1
    pictures[1, :, :16] = 1
    labels = (pictures[:, 0] > 0).long()
    optimiser = torch.optim.Adam(sampled.parameters(), lr=2e-3)
    for epoch in range(60):
        positions = stratified_pixels(labels, 60, _draws(2, epoch))
        scores = sampled.eval()(pictures, positions.float())[..., 0]
        loss = F.cross_entropy(scores, _at(labels[:, None], positions)[:, 0])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    dense.load_state_dict(sampled.state_dict())
    with torch.no_grad():
        right = dense.eval()(pictures).argmax(1) == labels
    assert right.float().mean() > 0.95


def test_every_class_has_its_share_of_the_sampled_pixels() -> None:
    labels = torch.zeros(2, 20, 30, dtype=torch.long)
    labels[0, :5, :5] = 1  # 25 pixels
    labels[0, 19, 29] = 2  # one
    labels[1, :, 15:] = 3
    labels[1, 0, 0] = 255
    positions = stratified_pixels(labels, 90, _draws(2), ignore=255)
    assert positions.shape == (2, 90, 2)
    assert all(len({tuple(one) for one in rows.tolist()}) == 90 for rows in positions), "no pixel comes twice"
    first, second = _at(labels[:, None], positions)[:, 0]
    assert [int((first == one).sum()) for one in (0, 1, 2)] == [64, 25, 1]
    assert [int((second == one).sum()) for one in (0, 3, 255)] == [45, 45, 0]
    assert torch.equal(positions, stratified_pixels(labels, 90, _draws(2), ignore=255))
    assert torch.equal(
        positions[1:], stratified_pixels(labels[1:], 90, Draws(sample_keys(1, 0, np.array([1])), 0), ignore=255)
    )
    few = stratified_pixels(torch.zeros(1, 2, 2, dtype=torch.long), 10, _draws(1))
    assert few.shape == (1, 10, 2), "more pixels than there are: some come again"
    assert len({tuple(one) for one in few[0].tolist()}) == 4
    unknown = stratified_pixels(torch.full((1, 3, 3), 255), 4, _draws(1), ignore=255)
    assert unknown.shape == (1, 4, 2), "nothing is labelled: any pixels will do"


def test_values_at_positions_are_those_of_the_maps() -> None:
    maps = torch.randn(2, 3, 5, 7)
    positions = stratified_pixels(torch.zeros(2, 5, 7), 9, _draws(2))
    torch.testing.assert_close(at_positions(maps, positions)[..., 0], _at(maps, positions))
    torch.testing.assert_close(at_positions(maps[:, 1], positions), at_positions(maps, positions)[:, 1])


# --- blocks -----------------------------------------------------------------------------------------------------------


BLOCK_IDS = ["double_conv", "expanding_step", "atrous_pyramid", "lraspp_head", "convolutional_dense", "pixel_mlp"]


@pytest.mark.parametrize("id", BLOCK_IDS)
def test_a_dropped_block_works_and_shows_its_parameters(id: str) -> None:
    entry = BLOCKS.get(id)
    options = entry.options()
    inside = entry.build(options)
    net = Drawing("Dropped")
    starts = [net.input(*node.params["shape"], id=f"in{n}") for n, node in enumerate(inside.inputs)]
    spec = net.output(net.block("block", inside, starts))
    spec = edits.set_params(spec, "block", **block_params(entry, options))
    assert not analyse(spec).errors
    shown = exposed(spec.node("block"))
    assert set(shown) == set(entry.exposed(options) if entry.exposed else ())
    net_ = compile_network(spec)
    assert net_(*example_inputs(spec, batch=2)).shape[0] == 2
