"""From a camera, a video or a drawing to detections: sources, predictors, and the loop between them."""
