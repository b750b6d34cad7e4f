"""Who is who in a drawing with a generator and a discriminator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import BadInput

if TYPE_CHECKING:
    from engine.graph.spec import NetworkSpec, Shape

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
REAL, FAKE = "real", "fake"
ADVICE = "Open DCGAN from the gallery with both parts: Inputs picture and latent, Outputs generated, real and fake."


@dataclass(frozen=True)
class Roles:
    """Attributes:
    latent: shape of the random values that a picture is made of.
    latent_first: whether their Input is drawn before that of the real picture.
    made: id of the Output with the made picture.
    """

    latent: Shape
    latent_first: bool
    made: str


def roles(inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], sample: Shape) -> Roles:
    """Read a drawing's Inputs and Outputs, shapes by id.

    Raises:
        BadInput: it does not take a picture and random values, or does not give a picture and two opinions.
    """
    pictures = [id for id, shape in inputs.items() if tuple(shape) == tuple(sample)]
    if len(inputs) != 2 or not pictures:
        raise BadInput(
            "Generation needs an Input for random values and one for real pictures, "
            f"and the network has {', '.join(inputs) or 'none'}.",
            ADVICE,
        )
    made = [id for id, shape in outputs.items() if tuple(shape) == tuple(sample)]
    opinions = all(tuple(outputs.get(name, ())) == (1,) for name in (REAL, FAKE))
    if len(made) != 1 or not opinions:
        raise BadInput(
            "Generation needs an Output for the made picture and one number each, called real and fake, for what the "
            f"discriminator says of a real and of a made picture; the network has {', '.join(outputs) or 'none'}.",
            ADVICE,
        )
    (latent,) = [id for id in inputs if id != pictures[0]]
    return Roles(tuple(inputs[latent]), next(iter(inputs)) == latent, made[0])


def players(spec: NetworkSpec) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids of the top-level nodes of the generator and of the discriminator.

    The generator is all that a made picture comes from; the rest is the discriminator.
    """
    sources: dict[str, list[str]] = {}
    for edge in spec.edges:
        sources.setdefault(edge.target, []).append(edge.source)
    ends = {node.id for node in spec.outputs} - {REAL, FAKE}
    found, work = set(ends), list(ends)
    while work:
        for source in sources.get(work.pop(), ()):
            if source not in found:
                found.add(source)
                work.append(source)
    inside = [node.id for node in spec.nodes]
    return tuple(id for id in inside if id in found), tuple(id for id in inside if id not in found)
