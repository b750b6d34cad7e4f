"""What the user chose on the Data page, as frozen values. Never imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    field_validator,
    model_validator,
)

from engine.frozen import FrozenDict, thaw


class Settings(BaseModel):
    """Base of all frozen settings: unknown keys are refused, mappings are frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)


def _frozen(value: Any) -> FrozenDict:
    if not isinstance(value, Mapping):
        raise ValueError("options must be an object")
    return FrozenDict(value)


Options = Annotated[FrozenDict, BeforeValidator(_frozen), PlainSerializer(thaw, return_type=dict)]


class Choice(Settings):
    """One entry of a registry with its options, such as an optimiser or an augmentation."""

    id: str = Field(max_length=100)
    options: Options = Field(default_factory=FrozenDict)


class SplitSpec(Settings):
    """Shares of the pictures for training, validation and test: stratified by class, seeded, without overlap.

    By class, whole classes go to one part, so that validation and test ask for classes that were never learnt.
    """

    train: float = Field(0.7, gt=0, lt=1, description="Share of the pictures to learn from.")
    validation: float = Field(0.15, ge=0, lt=1, description="Share to choose the best epoch with.")
    test: float = Field(0.15, ge=0, lt=1, description="Share kept aside until the end.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="The same seed gives the same split.")
    by: Literal["picture", "class"] = Field(
        "picture", description="Share out single pictures, or whole classes to recognise new ones from one picture."
    )

    @model_validator(mode="after")
    def _whole(self) -> SplitSpec:
        if abs(self.train + self.validation + self.test - 1) > 1e-6:
            raise ValueError("the shares of training, validation and test must add up to 1")
        return self


class PreprocessSpec(Settings):
    """How any picture becomes the network's input. It travels with every run: training, evaluation, live, export."""

    height: int = Field(32, ge=1, le=4096, description="Height that the network sees, in pixels.")
    width: int = Field(32, ge=1, le=4096, description="Width that the network sees, in pixels.")
    channels: Literal[1, 3] = Field(1, description="1 for grey, 3 for colour.")
    fit: Literal["stretch", "crop", "pad"] = Field(
        "stretch", description="Stretch to the size, crop the middle, or pad the short side."
    )
    invert: bool = Field(False, description="Swap dark and light, for dark ink on white paper.")
    mean: tuple[float, ...] = Field(
        (0.0,), description="Subtracted after scaling to 0–1, one per channel or one for all."
    )
    std: tuple[float, ...] = Field((1.0,), description="Divided by afterwards.")

    @field_validator("std")
    @classmethod
    def _positive(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(v <= 0 for v in value):
            raise ValueError("every standard deviation must be above 0")
        return value


class DataSpec(Settings):
    """The dataset, its split, its preprocessing and its augmentation (training pictures only)."""

    source: Choice = Field(default_factory=lambda: Choice(id="digits"))
    split: SplitSpec = Field(default_factory=SplitSpec)
    preprocess: PreprocessSpec = Field(default_factory=PreprocessSpec)
    augmentation: tuple[Choice, ...] = Field(default=(), max_length=50)
    memory_limit_mb: int | None = Field(
        None,
        ge=1,
        le=16_000_000,
        description="Megabytes that prepared pictures may take before they are read from disk while training; "
        "empty for 40 % of what is free.",
    )
