"""Text from a network that says of every character how likely it comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from engine.tasks.batch import Run


def generate(
    run: Run, start: Tensor, length: int, temperature: float, generator: torch.Generator, window: int
) -> Tensor:
    """Go on from `start`, a character at a time: int64, (length,), on the CPU.

    Every character is drawn from softmax(logits / temperature), the network's opinion after the last one, and is then
    read like those before it. At temperature 1 they come as often as the network expects them, at less the likely ones
    more often, and near 0 always the likeliest.

    Args:
        run: a network that gives (1, T, V) logits for (1, T) numbers of characters, in evaluation mode.
        start: int64, (L,), at least one.
        generator: on the CPU; the same one in the same state gives the same text.
        window: how many characters the network reads at most.
    """
    import torch

    text = start.tolist()
    device = start.device
    with torch.inference_mode():
        for _ in range(length):
            seen = torch.tensor(text[-window:], device=device)[None]
            (logits,) = run(seen).values()
            chances = (logits[0, -1].double().cpu() / max(temperature, 1e-3)).softmax(0)
            text.append(int(torch.multinomial(chances, 1, generator=generator)))
    return torch.tensor(text[len(start) :])


def numbers_of(text: str, alphabet: tuple[str, ...]) -> list[int]:
    """The places of a text's characters in the alphabet; those that are not in it are left out."""
    places = {character: place for place, character in enumerate(alphabet)}
    return [places[character] for character in text if character in places]


def first_character(alphabet: tuple[str, ...]) -> int:
    """The place of a character that a text may begin after: a line break, a space, or whatever comes first."""
    return next((alphabet.index(character) for character in ("\n", " ") if character in alphabet), 0)
