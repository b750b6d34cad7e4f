"""Built-in detectors, one file each; they register themselves in `engine.inference.predictor.DETECTORS`."""
