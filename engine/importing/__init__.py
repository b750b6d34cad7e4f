"""Bringing networks in: PyTorch modules, trusted scripts, ONNX files, exported programs, and weights by name.

Whatever it comes from, a network is taken over step by step by the same rules (`engine.importing.rules`), gathered in a
`Sketch` (`engine.importing.sketch`) and folded into blocks (`engine.importing.fold`). `engine.importing.job` is the
way in for the window and the commands.
"""
