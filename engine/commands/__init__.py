"""The headless commands: one file each, declaring its arguments and doing its work. See `engine.commands.base`."""
