import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from icp_ml.prospects.spool import FolderSpool, FrameKeeper, MemorySpool, Shortlist

FRAME = pd.DataFrame(
    {
        "employees": [1.5, np.nan, 3.0, 4.0],
        "place": pd.Categorical(["b", None, "b", "b"], categories=["a", "b", "c"]),
        "note": pd.Series(["x", None, "é", ""], dtype="str"),
    }
)


@pytest.mark.parametrize("on_disk", [False, True])
def test_frames_come_back_with_types_and_levels(tmp_path, on_disk):
    keeper, spool = FrameKeeper(), FolderSpool(tmp_path) if on_disk else MemorySpool()
    spool.add(pa.table({"id": list("abcd")}), keeper.pack(FRAME, np.array([0, 1, 3])))
    spool.add(pa.table({"id": ["e"]}), None)
    (scores, details), (last, nothing) = list(spool)
    frame, places = keeper.unpack(details, np.array([True, True, True, False]))
    pd.testing.assert_frame_equal(frame, FRAME.iloc[[0, 1]])
    assert (places.tolist(), nothing) == ([0, 1], None)
    assert (scores.num_rows, last.column("id").to_pylist()) == (4, ["e"])


def test_a_damaged_part_is_noticed(tmp_path):
    spool = FolderSpool(tmp_path)
    spool.add(pa.table({"value": np.arange(5000.0)}), None)
    path = next(tmp_path.iterdir())
    damaged = bytearray(path.read_bytes())
    damaged[3000] ^= 255
    path.write_bytes(damaged)
    with pytest.raises(OSError, match="CRC"):
        list(spool)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("limit", [1, 20, 10_000])
def test_the_first_ranks_are_never_lost_and_few_others_are_kept(seed, limit):
    draw = np.random.default_rng(seed)
    margin, in_domain = np.round(draw.normal(0, 1, 3000), 2), draw.random(3000) > 0.3
    shortlist, kept = Shortlist(limit), []
    for start in range(0, 3000, 500):
        block = slice(start, start + 500)
        kept += (start + shortlist.offer(margin[block], in_domain[block])).tolist()
    first = np.lexsort((-margin, ~in_domain))[:limit]
    assert set(first) <= set(kept)
    assert len(kept) <= 10 * limit + 500


def test_no_rank_wanted_keeps_nothing():
    assert Shortlist(0).offer(np.ones(3), np.ones(3, dtype=bool)).size == 0
