"""Learning-rate schedules: one declaration each, found by id in `SCHEDULES`. Never imports torch."""

from engine.training.schedules.base import SCHEDULES, Plan, Schedule, Stepper, parse_schedule

__all__ = ["SCHEDULES", "Plan", "Schedule", "Stepper", "parse_schedule"]
