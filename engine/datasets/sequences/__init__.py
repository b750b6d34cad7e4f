"""Sequences: waveforms made by the program, windows of a course of time, and tables of the user's own."""
