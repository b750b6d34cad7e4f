"""Seeds derived from the run's seed, so that every epoch is the same however often the run was stopped."""

from __future__ import annotations


def epoch_seed(seed: int, epoch: int) -> int:
    """A seed for one epoch: a stable mix of both numbers, below 2**63."""
    import numpy as np

    # The mix of SeedSequence is guaranteed to stay as it is across versions of numpy.
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]) >> 1
