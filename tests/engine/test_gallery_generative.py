"""The networks that make pictures: their weights by hand, the papers' sizes, and that they learn."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from torch import Tensor, nn
from torch.nn import functional as F

from engine.blocks.base import BLOCKS, parse_options
from engine.errors import BadInput
from engine.gallery import GALLERY, open_network
from engine.gallery.paper_table import beside_paper
from engine.graph.analyse import analyse
from engine.graph.compile import CompiledNetwork, compile_network
from engine.layers.base import parse_layer


def opened(id: str, **options: Any) -> CompiledNetwork:
    torch.manual_seed(0)
    return compile_network(open_network(id, **options))


def digits(size: int) -> Tensor:
    """(1797, 1, size, size) in 0..1."""
    pictures = torch.tensor(load_digits().images, dtype=torch.float32)[:, None] / 16
    return pictures if size == 8 else F.interpolate(pictures, (size, size), mode="bilinear")


def copied(net: nn.Module, x: Tensor, steps: int, rate: float) -> list[float]:
    """The squared error at each of some steps in which the network learns to give back its pictures."""
    torch.manual_seed(0)
    optimiser = torch.optim.Adam(net.parameters(), rate)
    losses = []
    for _ in range(steps):
        some = x[torch.randint(0, len(x), (64,))]
        loss = F.mse_loss(net(some), some)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def test_the_autoencoder_is_the_papers() -> None:
    """784-1000-500-250-30 and back: weights both ways, a bias for every unit but the pixels that come in."""
    spec = open_network("autoencoder")
    analysis = analyse(spec)
    weights = 2 * (784 * 1000 + 1000 * 500 + 500 * 250 + 250 * 30)
    assert analysis.totals.parameters == weights + 1000 + 500 + 250 + 30 + 250 + 500 + 1000 + 784
    assert analysis.output == (1, 28, 28)
    assert all(line.agrees for line in beside_paper(GALLERY.get("autoencoder"), analysis))


def test_the_autoencoder_is_the_dense_layers_of_pytorch() -> None:
    net = opened("autoencoder", size=8, hidden=(32, 16), latent=4, activation="Sigmoid")
    widths = (64, 32, 16, 4, 16, 32, 64)
    linear = [nn.Linear(a, b) for a, b in pairwise(widths)]
    for layer, ours in zip(linear, [m for m in net.modules() if isinstance(m, nn.Linear)], strict=True):
        layer.load_state_dict(ours.state_dict())
    bends = [nn.Sigmoid(), nn.Sigmoid(), nn.Identity(), nn.Sigmoid(), nn.Sigmoid(), nn.Sigmoid()]
    twin = nn.Sequential(*(part for pair in zip(linear, bends, strict=True) for part in pair))
    x = torch.rand(3, 1, 8, 8)
    assert torch.allclose(net(x), twin(x.flatten(1)).reshape(3, 1, 8, 8), atol=1e-6)


@pytest.mark.parametrize("size", [8, 32])
@pytest.mark.parametrize("id", ["autoencoder", "denoising_autoencoder"])
def test_an_autoencoder_learns_to_draw_digits(id: str, size: int) -> None:
    further = {"hidden": (128, 64)} if id == "autoencoder" else {"width": 8}
    net = opened(id, size=size, **further).train()
    losses = copied(net, digits(size), steps=120, rate=0.005)
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])


@pytest.mark.slow
def test_four_values_hold_more_than_four_principal_components() -> None:
    """The paper's comparison, on small digits."""
    x = digits(8)
    flat = x.flatten(1).numpy()
    components = PCA(4).fit(flat)
    linear = float(((components.inverse_transform(components.transform(flat)) - flat) ** 2).mean())
    net = opened("autoencoder", size=8, hidden=(256, 128), latent=4)
    copied(net, x, steps=3000, rate=0.002)
    with torch.no_grad():
        assert float((net(x) - x).square().mean()) < 0.7 * linear


def test_the_denoising_autoencoders_parameters() -> None:
    """Convolutions without bias before batch normalisation: 9·C·K + 2K; 4×4 stamps upwards; a bias at the pixels."""
    shrink = (9 * 1 * 32 + 64) + (9 * 32 * 64 + 128)
    grow = (16 * 64 * 32 + 64) + (16 * 32 * 1 + 1)
    analysis = analyse(open_network("denoising_autoencoder"))
    assert analysis.totals.parameters == shrink + grow
    assert analysis.nodes["encode2"].output_shape == (64, 8, 8)
    assert analysis.output == (1, 32, 32)


def test_pictures_are_spoilt_in_training_only() -> None:
    net = opened("denoising_autoencoder", size=8)
    x = torch.ones(64, 1, 8, 8)
    with net.tap(["noise"]) as seen:
        net.train()(x)
        hit = float((seen["noise"] == 0).float().mean())
        net.eval()(x)
        assert torch.equal(seen["noise"], x)
    assert abs(hit - 0.25) < 0.03


@pytest.mark.parametrize(("kind", "low", "high"), [("masking", 0.0, 1.0), ("salt and pepper", -1.0, 1.0)])
def test_noise_hits_the_share_that_it_is_told(kind: str, low: float, high: float) -> None:
    torch.manual_seed(0)
    x = torch.full((1, 100_000), 0.5)
    x[0, 0], x[0, 1] = -1, 1
    y = parse_layer("Noise", {"kind": kind, "amount": 0.3}).build((100_000,)).train()(x)
    assert abs(float((y != x).float().mean()) - 0.3) < 0.01
    assert float(y.min()) >= min(low, -1)
    assert float(y.max()) <= high
    spread = parse_layer("Noise", {"amount": 0.3}).build((100_000,)).train()(x) - x
    assert abs(float(spread.std()) - 0.3) < 0.01


def test_the_generator_is_the_papers() -> None:
    """100 → 1024×4×4 → 512×8×8 → 256×16×16 → 128×32×32 → 3×64×64 by 5×5 kernels (figure 1)."""
    analysis = analyse(open_network("dcgan"))
    assert all(line.agrees for line in beside_paper(GALLERY.get("dcgan"), analysis))
    project = 100 * 1024 * 16 + 2 * 1024
    stages = sum(25 * a * b + 2 * b for a, b in ((1024, 512), (512, 256), (256, 128)))
    assert analysis.totals.parameters == project + stages + 25 * 128 * 3 + 3
    assert analysis.output == (3, 64, 64)


def test_the_discriminator_mirrors_it() -> None:
    analysis = analyse(open_network("dcgan", part="discriminator"))
    stages = 25 * 3 * 128 + 128 + sum(25 * a * b + 2 * b for a, b in ((128, 256), (256, 512), (512, 1024)))
    assert analysis.totals.parameters == stages + 1024 * 16 + 1
    assert analysis.nodes["stage4"].output_shape == (1024, 4, 4)
    assert analysis.output == (1,)


@pytest.mark.parametrize("size", [16, 32, 128])
def test_pictures_of_other_sizes(size: int) -> None:
    for part, expected in (("generator", (1, size, size)), ("discriminator", (1,))):
        spec = open_network("dcgan", part=part, size=size, width=4, in_channels=1)
        assert analyse(spec).output == expected
    with pytest.raises(BadInput, match="size = 48"):
        open_network("dcgan", size=48)


def test_generator_and_discriminator_learn_from_each_other() -> None:
    """The discriminator learns to tell noise from digits; then the generator learns to get past it."""
    torch.manual_seed(0)
    options = {"size": 16, "width": 8, "in_channels": 1, "latent": 16}
    make, judge = opened("dcgan", **options), opened("dcgan", part="discriminator", **options)
    real, latent = digits(16) * 2 - 1, torch.randn(64, 16)
    losses: dict[str, list[float]] = {"judge": [], "make": []}

    def step(name: str, net: nn.Module, steps: int) -> None:
        optimiser = torch.optim.Adam(net.parameters(), 0.002, (0.5, 0.999))
        for _ in range(steps):
            some = real[torch.randint(0, len(real), (64,))]
            fake = judge(make(latent))
            if name == "judge":
                loss = F.softplus(-judge(some)).mean() + F.softplus(fake).mean()
            else:
                loss = F.softplus(-fake).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses[name].append(loss.item())

    step("judge", judge, 20)
    step("make", make, 20)
    assert losses["judge"][-1] < 0.5 * losses["judge"][0]
    assert losses["make"][-1] < 0.5 * losses["make"][0]


def test_a_growing_stage_doubles_whatever_its_kernel() -> None:
    entry = BLOCKS.get("growing")
    for kernel in (2, 3, 4, 5, 6):
        spec = entry.build(parse_options(entry, kernel_size=kernel, in_channels=4, out_channels=2, size=5))
        assert analyse(spec).output == (2, 10, 10)


def test_a_separable_pair_is_the_outer_product() -> None:
    """A column and a row make any filter that is their product, with 2F weights instead of F²."""
    entry = BLOCKS.get("spatially_separable")
    options = parse_options(entry, in_channels=1, out_channels=1, kernel_size=5, bias=False)
    net = compile_network(entry.build(options))
    assert sum(p.numel() for p in net.parameters()) == 10
    x = torch.randn(1, 1, 32, 32)
    whole = net.module_of("column").weight @ net.module_of("row").weight  # (1, 1, 5, 1) with (1, 1, 1, 5)
    assert torch.allclose(net(x), F.conv2d(x, whole, padding=2), atol=1e-5)
