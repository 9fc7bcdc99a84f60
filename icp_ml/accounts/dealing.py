"""Deal outcomes to other accounts at random, keeping those of related accounts as alike as they are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
_BLOCK = 2_000_000


def dealt(clusters: Integers, n_permutations: int, seed: int) -> Iterator[Integers]:
    """Yield, in blocks of permutations, from which account each account gets its outcome.

    Parameters
    ----------
    clusters : ndarray of int, shape (n,)
        Related accounts share a number; numbers run from 0 without gaps.
    n_permutations, seed : int
        How many, and their seed.

    Yields
    ------
    ndarray of int, shape (n_block, n)
        Each row is a permutation of the positions. The outcomes of a whole group go to another group of the same size,
        in any order; a group of a size of its own keeps its outcomes among its own accounts.
    """
    rng = np.random.default_rng(seed)
    n, sizes = len(clusters), np.bincount(clusters)
    block = max(1, _BLOCK // n)
    layout = np.lexsort((clusters, sizes[clusters]))
    for start in range(0, n_permutations, block):
        size = min(block, n_permutations - start)
        if sizes.max() == 1:
            yield rng.permuted(np.tile(np.arange(n), (size, 1)), axis=1)
            continue
        order = np.argsort(sizes + rng.random((size, len(sizes))), axis=1)  # clusters, mixed among those of their size
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.broadcast_to(np.arange(len(sizes)), order.shape), axis=1)
        source = np.empty((size, n), dtype=np.int64)
        source[:, layout] = np.argsort(rank[:, clusters] + rng.random((size, n)), axis=1)
        yield source
