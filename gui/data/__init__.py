"""The Data page: which pictures to learn from, and what the network sees of them."""
