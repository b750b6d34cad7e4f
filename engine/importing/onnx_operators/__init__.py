"""What ONNX operators mean as layers: one small file per family. See `base`."""
