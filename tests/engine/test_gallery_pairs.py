"""Networks that use their weights more than once: siamese twins, and a convolution that refines its own answer."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from engine.gallery import open_network
from engine.gallery.base import with_input
from engine.graph.analyse import analyse
from engine.graph.compile import compile_network
from engine.graph.spec import to_plain
from engine.project.network_file import network_from_plain


def _pair(channels: int = 1, size: int = 28) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    left, right = torch.randn(2, 3, channels, size, size)
    return left, right


@pytest.mark.parametrize("head", ["euclidean", "weighted L1 + sigmoid"])
def test_a_siamese_network_does_not_care_which_side_is_which(head: str) -> None:
    net = compile_network(open_network("siamese", head=head)).eval()
    left, right = _pair()
    torch.testing.assert_close(net(left, right), net(right, left), rtol=0, atol=0)
    assert net(left, right).shape == (3, 1)


def test_a_picture_has_no_distance_to_itself_and_some_to_others() -> None:
    net = compile_network(open_network("siamese"))
    left, right = _pair()
    assert net(left, left).max() < 1e-9
    assert net(left, right).min() > 1e-3
    net(left, left).sum().backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in net.parameters())


def test_the_distance_is_that_of_the_two_embeddings() -> None:
    net = compile_network(open_network("siamese", embedding=16)).eval()
    left, right = _pair()
    one, other = net.encoder(left), net.encoder(right)
    assert one.shape == (3, 16)
    torch.testing.assert_close(net(left, right)[:, 0], (one - other).norm(dim=1))


def test_the_encoder_of_koch_has_its_known_size() -> None:
    """64@10×10, 128@7×7, 128@4×4, 256@4×4, dense 4096 on 9216 values, and one weight for each of them (figure 4)."""
    spec = open_network("siamese", encoder="omniglot", head="weighted L1 + sigmoid")
    analysis = analyse(spec)
    assert not analysis.errors
    layers = [64 * (100 + 1), 128 * (64 * 49 + 1), 128 * (128 * 16 + 1), 256 * (128 * 16 + 1), 4096 * (9216 + 1), 4097]
    assert analysis.totals.parameters == sum(layers) == 38_951_745
    sizes = {"conv1": (64, 96, 96), "conv2": (128, 42, 42), "conv3": (128, 18, 18), "conv4": (256, 6, 6)}
    for id, shape in sizes.items():
        assert analysis.nodes[f"encoder.{id}"].output_shape == shape
        assert analysis.nodes[f"encoder_again.{id}"].output_shape == shape
    assert network_from_plain(to_plain(spec)) == spec


def test_the_encoder_of_later_one_shot_networks_leaves_64_values_of_a_small_picture() -> None:
    """3×3 without bias, 64 of them in all four, each with a scale and an offset (Vinyals et al. 2016)."""
    spec = open_network("siamese", encoder="conv4")
    analysis = analyse(spec)
    assert analysis.totals.parameters == 64 * 9 + 3 * 64 * 64 * 9 + 4 * 128
    assert analysis.nodes["encoder"].output_shape == (64,)
    assert analyse(with_input(spec, (1, 16, 16))).nodes["encoder"].output_shape == (64,)
    assert analyse(open_network("siamese", encoder="conv4", embedding=10)).nodes["encoder"].output_shape == (10,)


def test_both_sides_cost_time_and_only_one_costs_parameters() -> None:
    one = analyse(open_network("siamese"))
    assert one.totals.macs == 2 * one.nodes["encoder"].macs
    assert one.totals.parameters == one.nodes["encoder"].parameters


def test_siamese_twins_learn_to_tell_digits_apart() -> None:
    """Contrastive loss (Hadsell et al. 2006) on two patterns."""
    torch.manual_seed(0)
    net = compile_network(open_network("siamese"))
    patterns = torch.randn(2, 1, 28, 28)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(12):
        noisy = patterns.repeat(2, 1, 1, 1) + 0.3 * torch.randn(4, 1, 28, 28)
        other = patterns.repeat(2, 1, 1, 1)[[0, 1, 3, 2]] + 0.3 * torch.randn(4, 1, 28, 28)
        same = torch.tensor([[1.0], [1.0], [0.0], [0.0]])
        distance = net(noisy, other)
        loss = (same * distance**2 + (1 - same) * (2 - distance).clamp(min=0) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    fresh = patterns + 0.3 * torch.randn_like(patterns)
    with torch.no_grad():
        assert net(fresh, patterns).max() < net(fresh, patterns.flip(0)).min()


def test_the_parameters_do_not_depend_on_the_number_of_steps() -> None:
    counts = {steps: analyse(open_network("recurrent_conv", steps=steps)).totals for steps in (1, 2, 5, 20)}
    assert len({total.parameters for total in counts.values()}) == 1
    # 3×3 features of 3 channels with batch normalisation, then 7×7 over 32 + 8 channels with bias.
    assert counts[1].parameters == 32 * 27 + 2 * 32 + 8 * (49 * 40 + 1)
    each = 64 * 64 * 8 * 49 * 40
    assert counts[5].macs - counts[2].macs == 3 * each


def test_each_step_is_the_same_convolution_of_the_last_answer() -> None:
    net = compile_network(open_network("recurrent_conv", steps=3)).eval()
    assert [name for name in net.state_dict() if "refine" in name] == ["refine1.weight", "refine1.bias"]
    picture = torch.randn(2, 3, 16, 24)
    features, conv = net.features(picture), net.refine1
    answer = conv(torch.cat([features, torch.zeros(2, 8, 16, 24)], 1))
    for _ in range(2):
        answer = conv(torch.cat([features, answer.tanh()], 1))
    torch.testing.assert_close(net(picture), answer)


def test_more_steps_see_further() -> None:
    seen = []
    for steps in (1, 2, 3):
        net = compile_network(with_input(open_network("recurrent_conv", steps=steps), (3, 41, 41))).eval()
        picture = torch.randn(1, 3, 41, 41, requires_grad=True)
        net(picture)[0, :, 20, 20].sum().backward()
        assert picture.grad is not None
        seen.append(int((picture.grad[0].abs().sum((0, 1)) > 0).sum()))
    assert seen == [9, 15, 21]


def test_it_learns_from_its_own_mistakes() -> None:
    torch.manual_seed(0)
    net = compile_network(with_input(open_network("recurrent_conv", num_classes=2, features=8), (3, 16, 16)))
    picture = torch.randn(2, 3, 16, 16)
    labels = torch.randint(0, 2, (2, 16, 16))
    loss = nn.functional.cross_entropy(net(picture), labels)
    loss.backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in net.parameters())


def test_both_pictures_of_a_pair_take_a_chosen_size() -> None:
    net = with_input(open_network("siamese"), (3, 40, 40))

    assert [node.params["shape"] for node in net.inputs] == [(3, 40, 40), (3, 40, 40)]
    assert not analyse(net).errors


def test_boxes_beside_a_picture_stay_when_the_picture_takes_another_size() -> None:
    picture, boxes = with_input(open_network("fast_rcnn"), (3, 300, 400)).inputs

    assert picture.params["shape"] == (3, 300, 400)
    assert tuple(boxes.params["shape"]) == (64, 4)
