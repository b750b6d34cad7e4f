"""The Augment page: every method on the user's own pictures, and the batches as the network will see them."""
