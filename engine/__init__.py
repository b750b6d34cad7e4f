"""The engine of Vitrine: networks, training and live inference without any window."""
