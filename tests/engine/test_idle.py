"""What declarations say of their own fields: which of them have an effect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from engine.datasets.base import DATASETS
from engine.datasets.spec import Choice
from engine.declared import parse_choice
from engine.idle import FACTS, conditions, idle_fields
from engine.layers.base import LAYERS
from engine.tasks.base import TASKS
from engine.training.optimisers import OPTIMISERS
from engine.training.schedules import SCHEDULES
from engine.training.spec import TrainingSpec


def declarations() -> Iterator[type[BaseModel]]:
    for registry in (LAYERS, DATASETS, OPTIMISERS, SCHEDULES):
        yield from (entry for _, entry in registry.items())
    yield from (task.Options for _, task in TASKS.items())
    yield TrainingSpec


def test_every_condition_names_fields_and_values_that_there_are():
    found = 0
    for declaration in declarations():
        for name in declaration.model_fields:
            for said in conditions(declaration, name):
                for other, values in said.items():
                    found += 1
                    assert other != name
                    assert other in declaration.model_fields or other in FACTS, (declaration, name, other)
                    assert values
                    if other in declaration.model_fields:
                        for value in values:
                            declaration.__pydantic_validator__.validate_assignment(
                                declaration.model_construct(), other, value
                            )
    assert found >= 20


@pytest.mark.parametrize(
    ("task", "options", "idle"),
    [
        ("classification", {}, {"gamma"}),
        ("classification", {"loss": "focal"}, set()),
        ("multilabel", {"loss": "focal"}, set()),
        ("matching", {"loss": "cross-entropy"}, {"margin"}),
        ("matching", {"loss": "triplet"}, set()),
        ("forecasting", {}, {"delta"}),
        ("forecasting", {"loss": "Huber"}, set()),
    ],
)
def test_idle_options_of_tasks(task, options, idle):
    declared = TASKS.get(task).Options
    assert idle_fields(declared, declared(**options).model_dump()) == idle


def test_facts_count_once_they_are_known():
    declared = TASKS.get("generation").Options
    values = declared().model_dump()
    assert idle_fields(declared, values) == set()
    assert idle_fields(declared, values, {"outputs": 1}) == {"real_label"}
    assert idle_fields(declared, values, {"outputs": 3}) == {"loss"}


def test_values_of_idle_fields_still_load_and_are_kept():
    made = parse_choice(OPTIMISERS, Choice(id="sgd", options={"momentum": 0.0, "nesterov": True}))
    assert made.nesterov
    assert "nesterov" in idle_fields(type(made), made.model_dump())
    table = parse_choice(DATASETS, Choice(id="series_table", options={"layout": "rows", "horizon": 3}))
    assert table.horizon == 3
    assert "horizon" in idle_fields(type(table), table.model_dump())
