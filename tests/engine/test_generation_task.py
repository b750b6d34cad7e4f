"""Generation: two players who take turns, pictures drawn again, and what tells how near they come to real ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.functional.image import peak_signal_noise_ratio

from engine.errors import BadInput
from engine.gallery import open_network
from engine.graph.analyse import analyse
from engine.graph.compile import CompiledNetwork, compile_network
from engine.graph.spec import NetworkSpec
from engine.tasks.base import make_task
from engine.tasks.batch import Batch
from engine.tasks.generation.measures import PixelStatistics
from engine.tasks.generation.players import players, roles
from engine.tasks.kinds.generation import Generation

PICTURE = (1, 16, 16)


def gan() -> NetworkSpec:
    return open_network("dcgan", part="both", size=16, width=4, in_channels=1, latent=8)


def ends(spec: NetworkSpec) -> tuple[dict[str, Any], dict[str, Any]]:
    found = analyse(spec)
    inputs = {node.id: found.nodes[node.id].output_shape for node in spec.inputs}
    return inputs, {node.id: found.nodes[node.id].output_shape for node in spec.outputs}


def two_players(**options: object) -> tuple[Generation, CompiledNetwork, Any]:
    """The task, checked against the network, and the network as the task calls it."""
    spec = gan()
    task = make_task("generation", (), options)
    assert isinstance(task, Generation)
    task.check(*ends(spec), PICTURE)
    assert task.training_spec(spec) is spec
    torch.manual_seed(0)
    model = compile_network(spec)
    names = [node.id for node in spec.outputs]
    return task, model, lambda *inputs: dict(zip(names, model(*inputs), strict=True))


def real(count: int = 6, epoch: int = 0, seed: int = 0, first: int = 0) -> Batch:
    pictures = torch.rand(count, *PICTURE, generator=torch.Generator().manual_seed(5)) * 2 - 1
    return Batch((pictures,), {}, np.arange(first, first + count), epoch, seed)


def test_one_drawing_holds_both_players_and_one_discriminator() -> None:
    spec = gan()
    single = sum(
        analyse(open_network("dcgan", part=part, size=16, width=4, in_channels=1, latent=8)).totals.parameters
        for part in ("generator", "discriminator")
    )
    assert analyse(spec).totals.parameters == single
    assert not analyse(spec).errors
    maker, judge = players(spec)
    assert set(maker) == {"latent", "generator", "generated"}
    assert set(judge) == {"picture", "discriminator", "discriminator_again", "real", "fake"}


def test_made_pictures_come_of_the_seed_the_epoch_and_the_sample() -> None:
    task, _, _ = two_players()
    first, again = task.feed(real()), task.feed(real())
    assert torch.equal(first.inputs[1], again.inputs[1])
    assert not torch.equal(first.inputs[1], task.feed(real(epoch=1)).inputs[1])
    assert not torch.equal(first.inputs[1], task.feed(real(seed=1)).inputs[1])
    shifted = task.feed(real(first=2))
    assert torch.equal(first.inputs[1][2:], shifted.inputs[1][:4]), "whatever batch a sample is in"
    many = task.feed(real(2000)).inputs[1]
    assert many.shape == (2000, 8)
    assert abs(float(many.mean())) < 0.03
    assert abs(float(many.std()) - 1) < 0.03


def test_the_losses_are_those_of_the_paper() -> None:
    """−log D(x) − log(1 − D(G(z))), and −log D(G(z)) for the generator."""
    task, _, run = two_players()
    fed = task.feed(real())
    judge, maker = task.turns()
    with torch.no_grad():
        answers = run(*fed.inputs)
        chance_real, chance_fake = answers["real"].sigmoid(), answers["fake"].sigmoid()
        _, terms = task.step(run, fed, judge)
        expected = -chance_real.log().mean() - (1 - chance_fake).log().mean()
        assert terms["discriminator"].item() == pytest.approx(expected.item(), rel=1e-4)
        _, terms = task.step(run, fed, maker)
        assert terms["generator"].item() == pytest.approx(-chance_fake.log().mean().item(), rel=1e-4)


def test_each_turn_improves_one_player_and_leaves_the_other() -> None:
    task, model, run = two_players()
    optimiser = torch.optim.Adam(model.parameters(), 0.002, (0.5, 0.999))
    for turn in task.turns():
        before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        values = []
        for _ in range(8):
            for name, weight in model.named_parameters():
                weight.requires_grad_(turn.learns is not None and name.partition(".")[0] in turn.learns)
            _, terms = task.step(run, task.feed(real(16)), turn)
            (loss,) = terms.values()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            values.append(loss.item())
        changed = {
            name.partition(".")[0] for name, weight in model.named_parameters() if not torch.equal(weight, before[name])
        }
        assert changed == {turn.name}
        assert values[-1] < values[0]


def test_the_discriminator_may_be_kept_from_being_sure() -> None:
    task, _, run = two_players(real_label=0.9)
    fed = task.feed(real())
    with torch.no_grad():
        outputs, terms = task.step(run, fed, task.turns()[0])
        wanted = torch.full_like(outputs["real"], 0.9)
        expected = F.binary_cross_entropy_with_logits(outputs["real"], wanted) + F.softplus(outputs["fake"]).mean()
    assert terms["discriminator"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_weights_begin_as_in_the_paper() -> None:
    task, model, _ = two_players()
    task.start_values(model, gan())
    weights = model.state_dict()
    assert float(weights["generator.project.weight"].std()) == pytest.approx(0.02, rel=0.1)
    assert float(weights["discriminator.stage2.conv.weight"].std()) == pytest.approx(0.02, rel=0.1)
    assert float(weights["generator.norm.weight"].mean()) == pytest.approx(1.0, abs=0.05)


def fed_answers(task: Generation, made: Tensor, picture: Tensor, real: float, fake: float) -> tuple[Any, Batch]:
    count = len(picture)
    batch = Batch((picture, torch.zeros(count, 8)), {})
    outputs = {"generated": made, "real": torch.full((count, 1), real), "fake": torch.full((count, 1), fake)}
    return task.decode(outputs, batch), batch


def test_measures_tell_how_near_made_pictures_come() -> None:
    task, _, _ = two_players()
    pictures = torch.rand(400, *PICTURE) * 2 - 1
    near = task.meter()
    near.add(*fed_answers(task, pictures.flip(0), pictures, real=2.0, fake=-2.0))
    found = near.result()
    assert found["pixel_distance"] == pytest.approx(0, abs=1e-6)
    assert (found["real_for_real"], found["fake_for_real"]) == (1.0, 0.0)
    far = task.meter()
    far.add(*fed_answers(task, torch.ones(400, *PICTURE), -torch.ones(400, *PICTURE), real=-1.0, fake=1.0))
    assert far.result()["pixel_distance"] == pytest.approx(1.0)
    assert far.result()["fake_for_real"] == 1.0
    report = task.report(near, [])
    assert [line.name for line in report.plots[0].lines] == ["real", "made"]
    assert report.plots[0].lines[0].y.sum() == pytest.approx(1.0)


def test_the_distance_is_that_of_means_and_deviations() -> None:
    one, other = torch.rand(300, 1, 2, 2), 0.5 * torch.rand(200, 1, 2, 2) + 0.3
    left, right = PixelStatistics(), PixelStatistics()
    for chunk in one.split(70):
        left.add(chunk)
    right.add(other)
    apart = (one.mean(0) - other.mean(0)) ** 2 + (one.std(0, correction=0) - other.std(0, correction=0)) ** 2
    assert left.distance(right) == pytest.approx(math.sqrt(apart.mean().item()), rel=1e-4)
    assert left.distance(left) == 0.0


def autoencoder(**options: object) -> Generation:
    task = make_task("generation", (), {"range": "0 to 1", **options})
    assert isinstance(task, Generation)
    task.check({"input": PICTURE}, {"output": PICTURE}, PICTURE)
    return task


@pytest.mark.parametrize("loss", ["MSE", "L1", "cross-entropy"])
def test_an_autoencoder_is_compared_with_its_input(loss: str) -> None:
    task = autoencoder(loss=loss)
    picture, made = torch.rand(5, *PICTURE), torch.rand(5, *PICTURE)
    batch = Batch((picture,), {})
    assert task.feed(batch) is batch
    assert [turn.learns for turn in task.turns()] == [None]
    _, terms = task.step(lambda x: {"output": made}, batch, task.turns()[0])
    theirs = {"MSE": F.mse_loss, "L1": F.l1_loss, "cross-entropy": F.binary_cross_entropy}[loss]
    assert terms[loss].item() == pytest.approx(theirs(made, picture).item(), rel=1e-4)


def test_psnr_equals_torchmetrics() -> None:
    task = autoencoder()
    picture = torch.rand(9, *PICTURE)
    made = (picture + 0.1 * torch.randn_like(picture)).clamp(0, 1)
    meter = task.meter()
    for rows in (slice(0, 4), slice(4, None)):
        batch = Batch((picture[rows],), {})
        meter.add(task.decode({"output": made[rows]}, batch), batch)
    found = meter.result()
    expected = peak_signal_noise_ratio(made, picture, data_range=1.0, dim=(1, 2, 3))
    assert found["psnr"] == pytest.approx(expected.item(), rel=1e-5)
    assert found["mse"] == pytest.approx(F.mse_loss(made, picture).item(), rel=1e-5)


def test_the_range_of_the_values_makes_no_difference_to_what_is_measured() -> None:
    picture, made = torch.rand(3, *PICTURE), torch.rand(3, *PICTURE)
    results = []
    for name, scale in (("0 to 1", lambda x: x), ("-1 to 1", lambda x: 2 * x - 1)):
        task, batch = autoencoder(range=name), Batch((scale(picture),), {})
        meter = task.meter()
        meter.add(task.decode({"output": scale(made)}, batch), batch)
        results.append(meter.result()["psnr"])
    assert results[0] == pytest.approx(results[1], rel=1e-5)


def test_sketches_show_what_was_made() -> None:
    task, _, _ = two_players()
    made = np.full(PICTURE, 0.5, np.float32)
    one = task.sketch(np.zeros((16, 16), np.uint8), {"made": made, "fake": np.array(0.25), "real": np.array(0.9)}, {})
    assert one.image.shape == (16, 16)
    assert one.image[0, 0] == 128
    assert one.score == 0.25
    again = autoencoder().sketch(
        np.zeros((16, 16), np.uint8), {"made": np.repeat(made, 3, 0), "picture": np.zeros((3, 16, 16), np.float32)}, {}
    )
    assert again.image.shape == (16, 32, 3)
    assert again.score == pytest.approx(-10 * math.log10(0.25))


def test_networks_that_make_no_pictures_are_refused() -> None:
    inputs, outputs = ends(gan())
    assert roles(inputs, outputs, PICTURE).made == "generated"
    swapped = dict(reversed(inputs.items()))
    assert roles(swapped, outputs, PICTURE).latent_first
    with pytest.raises(BadInput, match="an Input for random values"):
        roles(inputs, outputs, (1, 32, 32))
    with pytest.raises(BadInput, match="called real and fake"):
        roles(inputs, {"generated": PICTURE, "logit": (1,)}, PICTURE)
    with pytest.raises(BadInput, match="draws its input again"):
        make_task("generation", ()).check({"input": PICTURE}, {"output": (10,)}, PICTURE)
    with pytest.raises(BadInput, match="nothing tells it how good they are"):
        make_task("generation", ()).check({"latent": (100,)}, {"picture": PICTURE}, PICTURE)
