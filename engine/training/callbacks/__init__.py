"""What happens beside the training loop: one hook per file."""
