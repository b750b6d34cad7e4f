"""Looks into a network in training for units that are dead and gradients that vanish."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.training.events import Advice
from engine.training.trainer import Trainer

PICTURES = 64
DEAD_SHARE = 0.5
VANISHING = 1e-4

RECTIFIERS = (nn.ReLU, nn.ReLU6)


def dead_units(trainer: Trainer, epoch: int) -> Advice | None:
    """Advice when more than half of a layer's ReLU units answer 0 to every one of some validation pictures."""
    worst, share, units = "", 0.0, 0
    for name, alive in _alive_units(trainer).items():
        dead = 1 - float(alive.float().mean())
        if dead > share:
            worst, share, units = name, dead, len(alive)
    if share <= DEAD_SHARE:
        return None
    return Advice(
        "dead_units",
        f"{round(share * units)} of the {units} units of {worst!r} are dead: they answer 0 to every picture, so they "
        "cannot learn any more.",
        "Lower the learning rate, or use LeakyReLU instead of ReLU.",
        epoch=epoch,
    )


@torch.no_grad()
def _alive_units(trainer: Trainer) -> dict[str, Tensor]:
    """For every ReLU, which of its channels (or units) are above 0 anywhere: (C,) bool."""
    layers = {name: module for name, module in trainer.model.named_modules() if isinstance(module, RECTIFIERS)}
    if not layers or trainer.validation is None:
        return {}
    alive: dict[str, Tensor] = {}

    def watch(name: str) -> object:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            axes = [axis for axis in range(output.ndim) if axis != 1]
            found = (output > 0).amax(dim=axes)
            alive[name] = found | alive[name] if name in alive else found

        return layers[name].register_forward_hook(hook)

    handles = [watch(name) for name in layers]
    batch = next(iter(trainer.validation))
    fed = trainer.task.feed(batch)
    was_training = trainer.model.training
    try:
        trainer.model.eval()
        with trainer.precision.autocast():
            trainer.run(*(one[:PICTURES] for one in fed.inputs))
    finally:
        trainer.model.train(was_training)
        for handle in handles:
            handle.remove()  # type: ignore[attr-defined]
    return {name: found.cpu() for name, found in alive.items()}


def vanishing_gradient(trainer: Trainer, epoch: int) -> Advice | None:
    """Advice when the first layer's mean gradient is a ten-thousandth of the last layer's or less."""
    weights = [(n, p) for n, p in trainer.model.named_parameters() if p.ndim > 1 and p.grad is not None]
    if len(weights) < 3:
        return None
    (first, early), (last, late) = weights[0], weights[-1]
    sizes = [float(p.grad.abs().mean()) for p in (early, late) if p.grad is not None]
    if not sizes[1] > 0 or sizes[0] > VANISHING * sizes[1]:
        return None
    return Advice(
        "vanishing_gradient",
        f"The gradient vanishes on its way back: at {first.rpartition('.')[0]!r} it is {sizes[0]:.1e} and at "
        f"{last.rpartition('.')[0]!r} {sizes[1]:.1e}.",
        "Use ReLU instead of sigmoid or tanh, add batch normalisation, or add shortcuts as in a residual network.",
        epoch=epoch,
    )
