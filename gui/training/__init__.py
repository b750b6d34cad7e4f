"""The Train page: settings, live curves, runs and sample answers."""
