"""What PyTorch's modules, functions and methods mean as layers: one small file per family. See `base`."""
