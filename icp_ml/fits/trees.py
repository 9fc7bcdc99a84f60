"""Read the trees of a LightGBM model from its text, and decide each split exactly as ``Booster.predict`` does.

The text comes from a file somebody may have damaged, so nothing in it is believed: every number is parsed, every
length compared and every index bounded before it is used, and whatever does not fit is a ``ModelError``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from icp_ml.errors import DataError, ModelError, UsageError, message

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Path = tuple[tuple[int, bool], ...]

ZERO = float(np.float32(1e-35))
"""LightGBM's kZeroThreshold, a float32 literal: what is not further from zero than this is zero."""

MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 1, 2
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2
_TREE_LISTS = ("split_feature", "threshold", "decision_type", "left_child", "right_child")
_UNUSED_LISTS = {
    **dict.fromkeys(("split_gain", "internal_value", "internal_weight", "internal_count"), 1),
    **dict.fromkeys(("leaf_weight", "leaf_count"), 0),
}
"""What LightGBM reads beside it, and by how many numbers each list is shorter than num_leaves."""


@dataclass(frozen=True)
class Split:
    """One inner node: the question it asks of one feature.

    ``left_levels`` holds, for a categorical split, whether level 0, 1, 2, ... goes left, and one last ``False`` for
    everything else (missing, negative, unseen). It is ``None`` for a numeric split, which uses the other fields.
    """

    feature: int
    threshold: float
    missing: int
    default_left: bool
    left_levels: Bools | None = None

    def goes_left(self, column: Floats) -> Bools:
        """Return for each value of the feature (shape (n,), as made by ``flushed``) whether it goes left."""
        if self.left_levels is not None:
            known = (column > -1) & (column < len(self.left_levels) - 1)  # -0.5 is truncated to level 0, as in LightGBM
            level: NDArray[np.intp] = np.where(known, column, -1).astype(np.intp)
            return self.left_levels[level]
        if self.missing == MISSING_NAN:
            left: Bools = column <= self.threshold
            return left | np.isnan(column) if self.default_left else left
        filled = np.where(np.isnan(column), 0.0, column)
        left = filled <= self.threshold
        if self.missing == MISSING_ZERO:
            left = np.where(filled == 0.0, self.default_left, left)
        return left


@dataclass(frozen=True)
class Tree:
    """One tree: its splits, and for each leaf its value and its path, a sequence of (index of a split, went left)."""

    splits: tuple[Split, ...]
    paths: tuple[Path, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Forest:
    """The trees whose leaf values add up to a raw score; for the mean of boosters they are already divided."""

    feature_names: tuple[str, ...]
    trees: tuple[Tree, ...]

    def matrix(self, X: Any, where: str = "X") -> Floats:
        """Return ``X`` as a float64 matrix, columns in the model's order.

        Parameters
        ----------
        X
            (n, n_features) array, or a DataFrame, whose columns are then found by name (extra ones are left out).
        where
            What to call ``X`` in an error.

        Raises
        ------
        DataError
            Wrong shape, missing or ambiguous column names, or values that are not numbers.
        """
        if isinstance(X, pd.DataFrame):
            X = self._by_name(X, where)
        try:
            matrix = np.asarray(X, dtype=np.float64)
        except (TypeError, ValueError) as error:
            fix = "Encode text and categories as numbers, the way the model was trained"
            raise DataError(message(where, f"values that are not numbers ({error})", "a float matrix", fix)) from error
        if matrix.ndim != 2 or matrix.shape[1] != len(self.feature_names):
            wanted = f"(n, {len(self.feature_names)}), one column per feature of the model"
            raise DataError(message(where, f"an array of shape {matrix.shape}", wanted, "Pass the model's own matrix"))
        return matrix

    def _by_name(self, frame: pd.DataFrame, where: str) -> Floats:
        names = [str(name).replace(" ", "_") for name in frame.columns]  # LightGBM stores names without blanks
        positions = {name: position for position, name in enumerate(names)}
        missing = [name for name in self.feature_names if name not in positions]
        if missing or len(positions) < len(names):
            came = (
                f"{len(missing)} features not among the columns {missing[:5]}" if missing else "repeated column names"
            )
            fix = "Name the columns as the model does, or pass an array in the model's order"
            raise DataError(message(where, came, "each feature of the model exactly once", fix))
        chosen = frame.iloc[:, [positions[name] for name in self.feature_names]]
        odd = [str(name) for name, kind in chosen.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
        if odd:
            fix = "Pass category codes as numbers, the way the model was trained"
            raise DataError(message(where, f"{len(odd)} columns without numbers {odd[:5]}", "numeric columns", fix))
        return chosen.to_numpy(dtype=np.float64, na_value=np.nan)


def read_forest(boosters: Any) -> Forest:
    """Return the trees of a booster, or of a list of boosters whose raw scores are averaged.

    Parameters
    ----------
    boosters
        A ``lightgbm.Booster`` (anything with ``model_to_string``), a model text, or a list of these. A booster gives
        the trees up to its best iteration, the same as ``Booster.predict`` uses.

    Raises
    ------
    UsageError
        Nothing that can be read as a booster was passed.
    ModelError
        A model was refused: malformed, multiclass, linear trees, or boosters of one list with different features.
    """
    texts = [_text_of(one) for one in (boosters if isinstance(boosters, (list, tuple)) else [boosters])]
    if not texts:
        raise UsageError(message("booster", "an empty list", "one booster or more", "Pass a trained model"))
    forests = [parse_forest(text) for text in texts]
    names = forests[0].feature_names
    if any(forest.feature_names != names for forest in forests):
        fix = "Train all boosters of one list on the same matrix"
        raise ModelError(message("boosters", "lists of features that differ", "the same features in each", fix))
    trees = [_scaled(tree, len(forests)) for forest in forests for tree in forest.trees]
    return Forest(names, tuple(trees))


def parse_forest(text: str) -> Forest:
    """Return the trees in one LightGBM model text (format v3 or v4, one output).

    Raises
    ------
    ModelError
        The text is not such a model, or does not fit together.
    """
    body, end, _ = text.partition("\nend of trees")
    head, *blocks = body.split("\nTree=")
    header = _fields(head)
    if not head.startswith("tree\n") or not end or header.get("version") not in ("v3", "v4"):
        raise _malformed("model text", "no complete LightGBM model of format v3 or v4")
    if header.get("num_class") != "1" or header.get("num_tree_per_iteration") != "1":
        fix = "Explain one binary (or one-output) model at a time"
        raise ModelError(message("model text", "a multiclass model", "one output", fix))
    names = tuple(header.get("feature_names", "").split())
    if [len(names) - 1] != _integers(header, "max_feature_idx", "model text"):
        raise _malformed("model text", f"{len(names)} feature names, another max_feature_idx")
    if len(header.get("tree_sizes", "").split()) != len(blocks):
        raise _malformed("model text", f"{len(blocks)} trees, another number of tree_sizes")
    trees = [_parse_tree(block, f"tree {index}", len(names)) for index, block in enumerate(blocks)]
    return Forest(names, tuple(trees))


def check_sizes(text: str) -> None:
    """Refuse a text that LightGBM must not see: it jumps by ``tree_sizes``, and ends the process where one is wrong.

    Raises
    ------
    ModelError
        A tree has another length than ``tree_sizes`` says.
    """
    head, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
    if _integers(_fields(head), "tree_sizes", "model text") != [len(f"Tree={block}\n".encode()) for block in blocks]:
        raise _malformed("model text", "trees of other lengths than tree_sizes")


def _text_of(booster: Any) -> str:
    if isinstance(booster, str):
        return booster
    if not hasattr(booster, "model_to_string"):
        fix = "Of a scikit-learn wrapper pass .booster_"
        raise UsageError(message("booster", f"a {type(booster).__name__}", "a lightgbm.Booster", fix))
    return str(booster.model_to_string())


def _scaled(tree: Tree, divisor: int) -> Tree:
    return tree if divisor == 1 else Tree(tree.splits, tree.paths, tuple(value / divisor for value in tree.values))


def _parse_tree(block: str, where: str, n_features: int) -> Tree:
    fields = _fields(block)
    if fields.get("is_linear", "0") != "0":
        fix = "Train with linear_tree=false"
        raise ModelError(message(where, "linear models in the leaves", "one constant per leaf", fix))
    values = _floats(fields, "leaf_value", where)
    if [len(values)] != _integers(fields, "num_leaves", where) or not np.isfinite(values).all():
        raise _malformed(where, "leaf values that are not num_leaves finite numbers")
    for key in _UNUSED_LISTS.keys() & fields.keys():
        if len(values) > 1 and len(_floats(fields, key, where)) != len(values) - _UNUSED_LISTS[key]:
            raise _malformed(where, f"a list {key} of another length than num_leaves says")
    if len(values) == 1:
        return Tree((), ((),), (values[0],))
    splits = _parse_splits(fields, where, len(values) - 1, n_features)
    left, right = _integers(fields, "left_child", where), _integers(fields, "right_child", where)
    return Tree(splits, _paths(left, right, where), tuple(values))


def _parse_splits(fields: dict[str, str], where: str, n_splits: int, n_features: int) -> tuple[Split, ...]:
    if any(len(fields.get(key, "").split()) != n_splits for key in _TREE_LISTS):
        raise _malformed(where, f"lists that do not have num_leaves - 1 = {n_splits} values")
    features, decisions = _integers(fields, "split_feature", where), _integers(fields, "decision_type", where)
    thresholds = _floats(fields, "threshold", where)
    if not all(0 <= feature < n_features for feature in features):
        raise _malformed(where, f"a split_feature outside 0 to {n_features - 1}")
    if not all(0 <= decision < 12 for decision in decisions) or np.isnan(thresholds).any():
        raise _malformed(where, "an unknown decision_type or a threshold that is not a number")
    level_sets = _level_sets(fields, where) if any(decision & _CATEGORICAL for decision in decisions) else []
    splits = []
    for feature, decision, threshold in zip(features, decisions, thresholds, strict=True):
        levels = None
        if decision & _CATEGORICAL:
            if threshold not in range(len(level_sets)):
                raise _malformed(where, "a categorical split without its levels")
            levels = level_sets[int(threshold)]
        splits.append(Split(feature, threshold, decision >> _MISSING_SHIFT, bool(decision & _DEFAULT_LEFT), levels))
    return tuple(splits)


def _level_sets(fields: dict[str, str], where: str) -> list[Bools]:
    """Return for each categorical split which levels go left, from bit sets packed into 32-bit words."""
    words, bounds = _integers(fields, "cat_threshold", where), _integers(fields, "cat_boundaries", where)
    rising = all(start <= stop for start, stop in pairwise(bounds))
    if not bounds or bounds[0] != 0 or bounds[-1] != len(words) or not rising:
        raise _malformed(where, "cat_boundaries that do not fit cat_threshold")
    if not all(0 <= word < 2**32 for word in words):
        raise _malformed(where, "a word of cat_threshold outside 32 bits")
    bits = np.unpackbits(np.array(words, dtype="<u4").view(np.uint8), bitorder="little").astype(np.bool_)
    return [np.append(bits[32 * start : 32 * stop], False) for start, stop in pairwise(bounds)]


def _paths(left: list[int], right: list[int], where: str) -> tuple[Path, ...]:
    """Return each leaf's way from the root; inner nodes are numbered 0, 1, ..., leaves -1, -2, ... in the text."""
    n_splits = len(left)
    once = sorted(left + right) == [*range(-n_splits - 1, 0), *range(1, n_splits)]
    if not once or any(0 <= child <= node for side in (left, right) for node, child in enumerate(side)):
        raise _malformed(where, "children that do not form a tree")
    paths: dict[int, Path] = {0: ()}
    for node in range(n_splits):  # a parent comes before its children, so its own path is known by now
        path = paths.pop(node)
        paths[left[node]] = (*path, (node, True))
        paths[right[node]] = (*path, (node, False))
    return tuple(paths[-1 - leaf] for leaf in range(n_splits + 1))


def _fields(block: str) -> dict[str, str]:
    pairs = [(key, value) for key, equals, value in (line.partition("=") for line in block.split("\n")) if equals]
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _malformed("model text", "a key that stands twice")
    return fields


def _integers(fields: dict[str, str], key: str, where: str) -> list[int]:
    try:
        return [int(word) for word in fields[key].split()]
    except (KeyError, ValueError) as error:
        raise _malformed(where, f"no list of whole numbers under {key}") from error


def _floats(fields: dict[str, str], key: str, where: str) -> list[float]:
    try:
        return [float(word) for word in fields[key].split()]
    except (KeyError, ValueError) as error:
        raise _malformed(where, f"no list of numbers under {key}") from error


def _malformed(where: str, came: str) -> ModelError:
    return ModelError(message(where, came, "an undamaged LightGBM model text", "Save the model again or retrain"))


def flushed(columns: Floats) -> Floats:
    """Return a copy with values within 1e-35 of zero set to zero, as LightGBM does before it asks a split."""
    return np.where(np.abs(columns) <= ZERO, 0.0, columns)


def as_labels(
    labels: Sequence[int] | NDArray[np.integer[Any]], length: int, where: str, below: int | None = None
) -> NDArray[np.intp]:
    """Return group or player numbers as an integer array of the length asked for, each 0 or more and under ``below``.

    Raises
    ------
    UsageError
        Another length, or numbers that are not whole or out of range.
    """
    array = np.asarray(labels)
    whole = array.dtype.kind in "iu"
    if array.shape != (length,) or not whole or (array < 0).any() or (below is not None and (array >= below).any()):
        came = f"shape {array.shape} of {array.dtype}" + (f", {array.min()} to {array.max()}" if array.size else "")
        wanted = f"{length} whole numbers from 0" + ("" if below is None else f" to {below - 1}")
        raise UsageError(message(where, came, wanted, "Give each feature the number of its group"))
    return array.astype(np.intp)
