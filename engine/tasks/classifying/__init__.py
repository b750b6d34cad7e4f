"""Losses, measures and curves of the tasks that answer for the whole picture."""
