"""Turn an attribute frame into the numbers a learner reads, remembering which attribute each number came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FORMAT = 1
"""Version of the document written by `FeatureMap.to_document`; raise it when old readers would misread a new one."""

MIN_ROWS_OF_A_LEVEL = 5
MIN_SHARE_OF_A_LEVEL = 0.005
MAX_LEVELS = 50
NUMERIC = "numeric"
CATEGORICAL = "categorical"


@dataclass(frozen=True)
class Encoding:
    """How one attribute becomes features: itself, or one 0/1 feature per level.

    Attributes
    ----------
    attribute
        Name of the column in the frame.
    kind
        ``"numeric"`` or ``"categorical"``.
    levels
        Levels with a feature of their own, in text order.
    rare
        Levels that share one feature.
    missing
        Whether missing values were seen, so that they (and levels never seen) have a feature of their own.
    """

    attribute: str
    kind: str
    levels: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    missing: bool = False

    @property
    def width(self) -> int:
        """Number of features of this attribute."""
        return 1 if self.kind == NUMERIC else len(self.levels) + bool(self.rare) + self.missing

    @property
    def labels(self) -> tuple[str, ...]:
        """Words for each feature."""
        if self.kind == NUMERIC:
            return (self.attribute,)
        named = [f"{self.attribute} = {level}" for level in self.levels]
        rare = [f"{self.attribute}: rare level"] if self.rare else []
        return (*named, *rare, *([f"{self.attribute}: missing"] if self.missing else []))

    def positions(self, column: pd.Series) -> NDArray[np.int64]:
        """Return for every row which of this attribute's features is 1, or -1 for none of them."""
        known = pd.Index([*self.levels, *self.rare], dtype=object)
        places = np.minimum(np.arange(len(known)), len(self.levels))
        none = len(self.levels) + bool(self.rare) if self.missing else -1
        table = np.append(places, none).astype(np.int64)
        categories, codes = _levels_and_codes(column)
        return np.append(table[known.get_indexer(categories)], none)[codes]


@dataclass(frozen=True)
class FeatureMap:
    """The features of a model: one matrix, every column of which belongs to one attribute.

    A numeric attribute is one feature, missing values kept as NaN. A categorical attribute is one 0/1 feature for each
    level with at least 5 rows and half a per cent of them (at most 50, the most frequent), one for all rarer levels
    together, and, when training had missing values, one for missing values and levels never seen; else a level never
    seen is 0 in every feature.
    """

    encodings: tuple[Encoding, ...]

    @classmethod
    def learn(cls, frame: pd.DataFrame, kinds: Mapping[str, str] | None = None) -> FeatureMap:
        """Learn levels from the accounts of a training frame.

        Parameters
        ----------
        frame
            One row per account, one column per attribute.
        kinds
            ``{attribute: "numeric" | "categorical"}`` where the column's type does not say it.
        """
        declared = kinds or {}
        return cls(tuple(_learn_encoding(frame[name], declared.get(str(name))) for name in frame.columns))

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """Attribute names in the order of the frame."""
        return tuple(encoding.attribute for encoding in self.encodings)

    @cached_property
    def attribute_of_feature(self) -> NDArray[np.int64]:
        """For each feature the position of its attribute in `attributes`."""
        return np.repeat(np.arange(len(self.encodings)), [encoding.width for encoding in self.encodings])

    @cached_property
    def is_numeric(self) -> NDArray[np.bool_]:
        """For each feature whether it is a number (True) or a 0/1 level (False)."""
        return np.array([self.encodings[i].kind == NUMERIC for i in self.attribute_of_feature], dtype=bool)

    @cached_property
    def feature_labels(self) -> tuple[str, ...]:
        """Words for each feature, such as ``"industry = retail"``."""
        return tuple(label for encoding in self.encodings for label in encoding.labels)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Return names that any booster accepts, whatever the columns of the business are called."""
        return tuple(f"f{i}" for i in range(len(self.attribute_of_feature)))

    def transform(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return the matrix of a frame that has this map's attributes, in any column order.

        Returns
        -------
        numpy.ndarray
            (n_rows, n_features) float64, C order; NaN only in numeric features.
        """
        matrix = np.zeros((len(frame), len(self.attribute_of_feature)))
        rows = np.arange(len(frame))
        start = 0
        for encoding in self.encodings:
            column = frame[encoding.attribute]
            if encoding.kind == NUMERIC:
                matrix[:, start] = _numbers(column)
            elif encoding.width:
                places = encoding.positions(column)
                found = places >= 0
                matrix[rows[found], start + places[found]] = 1.0
            start += encoding.width
        return matrix

    def to_document(self) -> dict[str, Any]:
        """Return what `from_document` needs, ready for JSON."""
        return {"format": FORMAT, "attributes": [_document_of(encoding) for encoding in self.encodings]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> FeatureMap:
        """Return the map that wrote a document.

        Raises
        ------
        ValueError
            The document has another format version.
        """
        if document.get("format") != FORMAT:
            msg = f"feature map: format {document.get('format')!r}; expected {FORMAT}. Train the model again."
            raise ValueError(msg)
        return cls(tuple(_encoding_of(entry) for entry in document["attributes"]))


def kind_of(column: pd.Series) -> str:
    """Return ``"numeric"`` for numbers and booleans, else ``"categorical"``."""
    return NUMERIC if pd.api.types.is_numeric_dtype(column.dtype) else CATEGORICAL


def _learn_encoding(column: pd.Series, declared: str | None) -> Encoding:
    name = str(column.name)
    kind = declared or kind_of(column)
    if kind not in (NUMERIC, CATEGORICAL):
        msg = f"kinds: attribute {name!r} has kind {kind!r}; expected 'numeric' or 'categorical'. Correct it."
        raise ValueError(msg)
    if kind == NUMERIC:
        return Encoding(name, NUMERIC)
    categories, codes = _levels_and_codes(column)
    counts = np.bincount(codes[codes >= 0], minlength=len(categories))
    seen = sorted(((-int(count), str(level)) for level, count in zip(categories, counts, strict=True) if count))
    bar = max(MIN_ROWS_OF_A_LEVEL, MIN_SHARE_OF_A_LEVEL * len(column))
    kept = tuple(sorted(level for count, level in seen[:MAX_LEVELS] if -count >= bar))
    rare = tuple(sorted({level for _, level in seen} - set(kept)))
    return Encoding(name, CATEGORICAL, kept, rare, bool((codes < 0).any()))


def _levels_and_codes(column: pd.Series) -> tuple[pd.Index, NDArray[np.int64]]:
    """Return the levels of a column as text and the code of each row, -1 where it is missing."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype("category")
    texts = pd.Index([_text(level) for level in column.cat.categories], dtype=object)
    codes = np.asarray(column.cat.codes, dtype=np.int64)
    if texts.is_unique:
        return texts, codes
    merged, uniques = pd.factorize(texts)
    places = np.append(np.asarray(merged, dtype=np.int64), -1)
    return pd.Index(uniques), places[codes]


def _text(level: object) -> str:
    return str(int(level)) if isinstance(level, float) and level.is_integer() else str(level)


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    try:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        msg = (
            f"X: column {column.name!r} has values that are not numbers; expected numbers, as in training. Convert it."
        )
        raise ValueError(msg) from None


def _document_of(encoding: Encoding) -> dict[str, Any]:
    entry: dict[str, Any] = {"attribute": encoding.attribute, "kind": encoding.kind}
    if encoding.kind == CATEGORICAL:
        entry |= {"levels": list(encoding.levels), "rare": list(encoding.rare), "missing": encoding.missing}
    return entry


def _encoding_of(entry: Mapping[str, Any]) -> Encoding:
    levels, rare = tuple(entry.get("levels", ())), tuple(entry.get("rare", ()))
    return Encoding(entry["attribute"], entry["kind"], levels, rare, bool(entry.get("missing", False)))
