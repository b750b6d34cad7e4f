"""Labels that a person draws on pictures: what they are, how they change, where they lie. No torch, no cv2."""
