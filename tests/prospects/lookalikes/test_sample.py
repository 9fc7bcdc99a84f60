import numpy as np
import pandas as pd

from icp_ml.prospects.lookalikes.sample import Sample


def drawn(ids, blocks, size):
    sample, at = Sample(size), 0
    for n in blocks:
        sample.offer(ids[at : at + n], pd.DataFrame({"x": ids[at : at + n]}))
        at += n
    return sample.frame["x"].tolist()


def test_neither_order_nor_blocks_change_the_draw():
    ids = np.array([f"p-{at}" for at in range(500)], dtype=object)
    shuffled = np.random.default_rng(0).permutation(ids)
    assert drawn(ids, [500], 50) == drawn(shuffled, [3, 120, 0, 377], 50)


def test_the_draw_is_even():
    ids = np.array([f"p-{at:05d}" for at in range(4_000)], dtype=object)
    chosen = {int(one[2:]) for one in drawn(ids, [1_000] * 4, 2_000)}
    counts = np.histogram(list(chosen), bins=8, range=(0, 4_000))[0]
    assert np.abs(counts - 250).max() < 60


def test_all_are_drawn_where_there_are_few():
    assert sorted(drawn(np.array(["b", "a"], dtype=object), [1, 1], 10)) == ["a", "b"]
    assert Sample().frame.empty
