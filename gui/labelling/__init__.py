"""The Label page: draw what a network is to learn on your own pictures."""
