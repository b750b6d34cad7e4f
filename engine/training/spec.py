"""What the user chose on the Train page, as frozen values. Never imports torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.datasets.spec import Choice, Settings
from engine.idle import counts_unless


class TrainingSpec(Settings):
    """Every setting of a training run. The form of the Train page is made from these fields."""

    epochs: int = Field(20, ge=1, le=100_000, description="How many times to go through all training pictures.")
    batch_size: int = Field(64, ge=1, le=1_000_000, description="Pictures per optimiser step.")
    optimiser: Choice = Field(default_factory=lambda: Choice(id="adam"))
    schedule: Choice = Field(default_factory=lambda: Choice(id="constant"))
    initialisation: Choice = Field(default_factory=lambda: Choice(id="usual"))
    weight_decay: float = Field(0.0, ge=0, le=10, description="L2 penalty on the weights.")
    l1: float = Field(
        0.0, ge=0, le=10, description="L1 penalty on the weights; together with weight decay it is the elastic net."
    )
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of the target spread over all classes.",
        json_schema_extra=counts_unless(smoothing=[False]),
    )
    clip_norm: float | None = Field(None, gt=0, description="Scale gradients down to this norm; empty for never.")
    pieces: int = Field(
        1,
        ge=1,
        le=4096,
        description="Compute each batch in so many pieces and add their gradients up, to save memory. When memory runs "
        "out, more pieces are made.",
    )
    ema: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Measure and keep a moving average of the weights with this decay, such as 0.99; empty for none.",
    )
    early_stopping: int | None = Field(
        None,
        ge=1,
        description="Stop after this many epochs without a better validation loss; empty for never.",
    )
    precision: Literal["float32", "mixed"] = Field(
        "float32", description="Mixed uses bfloat16 or float16 where the device has it."
    )
    channels_last: bool = Field(
        False, description="Lay pictures out in memory pixel by pixel, which many devices convolve faster."
    )
    compile: bool = Field(
        False, description="Let torch.compile make a program of the network; the first steps then take long."
    )
    threads: int | None = Field(
        None, ge=1, le=1024, description="Processor threads that compute; empty chooses by the size of the network."
    )
    readers: int | None = Field(
        None,
        ge=1,
        le=64,
        description="Processes that read pictures from disk while the network learns, where they do not fit into "
        "memory; empty for one on each processor.",
    )
    seed: int = Field(
        0,
        ge=0,
        le=2**31 - 1,
        description="The same seed gives the same run on the same machine. The split has a seed of its own.",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to compute.")
    start_weights: str = Field(
        "",
        max_length=1000,
        description="A weights file in the project's folder to start from; what fits by name is taken. "
        "Importing a network leaves one. Empty for new random weights.",
    )
    checkpoint_every: int = Field(
        1,
        ge=1,
        le=10_000,
        description="Epochs between checkpoints; more when they are so short that writing would be felt.",
    )
