"""A trained model with everything that scoring needs, and how it goes to disk and comes back with the same bits."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from icp_ml.accounts.contract import TableContract
from icp_ml.errors import DataError, ModelError, UsageError, message
from icp_ml.fits.trees import check_sizes, parse_forest
from icp_ml.model.bundle import Bundle, digest_of, parse_json, read_bundle, save_bundle, write_bundle
from icp_ml.model.domain import Domain
from icp_ml.model.reference import Reference

if TYPE_CHECKING:
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.model.explanation.stability import Stability

logger = logging.getLogger(__name__)

REGISTRATION = "registration.json"
"""Stands beside the bundle, outside its digest: ``{"name", "version"}`` in the registry."""
_SERVED, _EVALUATED = "classifier", "evaluation"
_UNFIT = (
    LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError, pa.ArrowException,
    DataError, UsageError,
)  # fmt: skip
"""What goes wrong when parts with the right digests do not hold a model."""


@dataclass(frozen=True)
class SuccessModel:
    """What scores prospects: a classifier, its table contract and domain, and what the study said of their use.

    Attributes
    ----------
    name : str
        The study's.
    kind : {"success", "hypothesis"}
        With ``hypothesis`` there is no classifier; ``criteria`` order the prospects.
    study : dict
        The study as a JSON object, without paths of a machine.
    horizon_days : int or None
        Length of the outcome window.
    stage : str
        Attributes known to a prospect, after discovery, or of customers.
    contract : TableContract
        Columns, kinds, levels and ranges of training.
    classifier : SuccessClassifier or None
        Refitted on every matured account.
    evaluation_classifier : SuccessClassifier or None
        The fit that the metrics are of; None with cross-validation.
    domain : Domain or None
        Where there is evidence.
    metrics : dict
        ``metrics.json``.
    ready : bool
        Every gate was passed.
    capacity : int or None
        Accounts the team can work in a period.
    customer_keys : tuple of str
        Sorted BLAKE2b digests (128 bits, hexadecimal) of the customers' ids.
    exclude, criteria : tuple of str
        Rules: never on a list; the hypothesis in words.
    labels : dict of str to str
        Words for people by column.
    map_reviewed : dict or None
        Who reviewed the six-fit map, and when.
    pass_through : tuple of str
        Columns copied to the outputs.
    question_value : dict of str to float
        How much the contributions of each attribute vary in training, in log-odds.
    probability_withdrawn : bool
        The calibration failed a later check: ranks stay, probabilities are left out.
    base_rate : float or None
        Success share of the table, or the true one where accounts were sampled by outcome.
    data_sha256, code_version : str
        What it was made of and with.
    reference : Reference or None
        Customers with a known outcome, their ids and attributes; None in bundles that were written without them.
    stability : Stability or None
        Which reasons stay when the model is fitted again; None: not measured.
    importance : mapping or None
        What each fit takes off the held-out log loss, as a document of `icp_ml.model.explanation.importance`; None: not
        measured.
    digest : str
        SHA-256 of the bundle's manifest; empty before it is known.
    version : int or None
        In the registry; None when it is not registered.
    """

    name: str
    kind: Literal["success", "hypothesis"]
    study: Mapping[str, Any]
    horizon_days: int | None
    stage: str
    contract: TableContract
    classifier: SuccessClassifier | None
    ready: bool
    data_sha256: str
    code_version: str
    evaluation_classifier: SuccessClassifier | None = None
    domain: Domain | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    capacity: int | None = None
    customer_keys: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    map_reviewed: Mapping[str, str] | None = None
    pass_through: tuple[str, ...] = ()
    question_value: Mapping[str, float] = field(default_factory=dict)
    probability_withdrawn: bool = False
    base_rate: float | None = None
    reference: Reference | None = None
    stability: Stability | None = None
    importance: Mapping[str, Any] | None = None
    digest: str = ""
    version: int | None = None

    @property
    def label(self) -> str:
        """Return ``NAME/3 sha256:abcdef123456``, as every output names the model."""
        version = "unregistered" if self.version is None else self.version
        return f"{self.name}/{version} sha256:{self.digest[:12]}"


_PARTS_OF_THEIR_OWN = {
    "contract",
    "classifier",
    "evaluation_classifier",
    "domain",
    "customer_keys",
    "reference",
    "stability",
    "digest",
    "version",
}
_DOCUMENT = tuple(known.name for known in fields(SuccessModel) if known.name not in _PARTS_OF_THEIR_OWN)
_SEEDS = 2**31
_TUPLES = ("exclude", "criteria", "pass_through")
_TYPES = {"name": str, "ready": bool, **dict.fromkeys(("study", "metrics", "labels", "question_value"), dict)}


def save_model(model: SuccessModel, path: str | Path) -> SuccessModel:
    """Write a model whole or not at all and return it with its digest.

    Raises
    ------
    UsageError
        Something that is not a model of ours is at ``path``.
    FileSystemError
        The operating system could not write.
    """
    return replace(model, digest=save_bundle(path, bundle_parts(model)))


def write_model(model: SuccessModel, folder: str | Path) -> SuccessModel:
    """Write the parts of a model into an existing folder, such as a temporary one, and return it with its digest."""
    return replace(model, digest=write_bundle(folder, bundle_parts(model)))


def identified(model: SuccessModel) -> SuccessModel:
    """Return the model with the digest it would have on disk, without writing it."""
    return replace(model, digest=digest_of(bundle_parts(model)))


def load_model(path: str | Path) -> SuccessModel:
    """Read a model folder; every byte is verified before anything parses it.

    Raises
    ------
    ModelError
        The folder is damaged, changed, of another format or not a model.
    FileSystemError
        The folder does not exist or cannot be read.
    """
    bundle = read_bundle(path)
    try:
        model = _model_from(bundle)
        _rehearse(model)
    except _UNFIT as error:
        came = f"its parts cannot be put together ({type(error).__name__})"
        raise ModelError(message(path, came, "a model of this version", "Train the model again")) from error
    return replace(model, version=_registered_version(Path(path), model.name))


def bundle_parts(model: SuccessModel) -> dict[str, bytes]:
    """Return the files of a model by name: JSON, LightGBM text and Parquet; the same model gives the same bytes."""
    document = {name: getattr(model, name) for name in _DOCUMENT}
    parts = {"model.json": _json(document), "contract.json": _json(model.contract.to_document())}
    for name, classifier in ((_SERVED, model.classifier), (_EVALUATED, model.evaluation_classifier)):
        if classifier is not None:
            parts |= _classifier_parts(name, classifier)
    if model.domain is not None:
        described, prototypes = model.domain.to_parts()
        parts |= {"domain.json": _json(described), "domain_prototypes.parquet": _parquet(prototypes)}
    if model.customer_keys:
        keys = np.frombuffer(bytes.fromhex("".join(sorted(model.customer_keys))), dtype=np.uint8).reshape(-1, 16)
        parts["customer_keys.parquet"] = _parquet(keys)
    if model.reference is not None:
        parts["reference.parquet"] = model.reference.to_parquet()
    if model.stability is not None:
        parts["stability.json"] = _json(model.stability.to_document())
    return parts


def _model_from(bundle: Bundle) -> SuccessModel:
    parts = dict(bundle.parts)
    document = parse_json(parts.pop("model.json"), "model.json")
    if set(document) != set(_DOCUMENT):
        raise ValueError("model.json has other keys")
    if any(type(document[name]) is not kind for name, kind in _TYPES.items()):
        raise TypeError("model.json has values of other types")
    if not _holds_only(document):
        raise TypeError("model.json has lists or mappings of other types")
    if not _is_in_range(document["capacity"], document["study"]):
        raise ValueError("model.json has a capacity, a seed or reading options that no study has")
    for name in _TUPLES:
        document[name] = tuple(document[name])
    contract = TableContract.from_document(parse_json(parts.pop("contract.json"), "contract.json"))
    model = SuccessModel(
        **document,
        contract=contract,
        classifier=_classifier_from(_SERVED, parts),
        evaluation_classifier=_classifier_from(_EVALUATED, parts),
        domain=_domain_from(parts),
        customer_keys=_keys_from(parts),
        reference=_reference_from(parts, contract),
        stability=_stability_from(parts, contract),
        digest=bundle.digest,
    )
    if parts:
        raise ValueError(f"parts that are not of a model: {sorted(parts)}")
    if (model.classifier is None) != (model.kind == "hypothesis"):
        raise ValueError("kind and classifier do not belong together")
    return model


def _holds_only(document: Mapping[str, Any]) -> bool:
    """Tell whether lists of words hold words, and the worth of questions numbers."""
    lists, words = [document[name] for name in _TUPLES], [*document["labels"].values()]
    if not all(isinstance(entries, list) for entries in lists):
        return False
    texts = [*words, *(entry for entries in lists for entry in entries)]
    numbers = document["question_value"].values()
    return all(isinstance(text, str) for text in texts) and all(type(number) in (int, float) for number in numbers)


def _is_in_range(capacity: object, study: Mapping[str, Any]) -> bool:
    """Tell whether the settings that outputs are made with are such as a study may have."""
    seed, read = study.get("seed", 0), study.get("read")
    if capacity is not None and not (type(capacity) is int and capacity >= 1):
        return False
    return type(seed) is int and 0 <= seed < _SEEDS and (read is None or isinstance(read, dict))


def _rehearse(model: SuccessModel) -> None:
    """Place one account of which little is known, so that parts that do not fit together fail here and not later."""
    cells = {known.column: pa.array([known.levels[0] if known.levels else ""]) for known in model.contract.attributes}
    ids = {} if model.contract.id is None else {model.contract.id: pa.array(["rehearsal"])}
    frame = model.contract.convert(pa.record_batch(ids | cells), 1, is_text=True).frame
    if model.classifier is not None:
        served = [*model.classifier.contributions_array(frame)[0], model.classifier.base_value_]
        if not np.isfinite(served).all():
            raise ValueError("contributions are not finite")
    if model.domain is not None:
        model.domain.assess(frame)


def _classifier_parts(name: str, classifier: SuccessClassifier) -> dict[str, bytes]:
    taken = classifier.to_parts()
    parts = {f"{name}.json": _json(taken.document)}
    parts |= {f"{name}_{array}.parquet": _parquet(values) for array, values in taken.arrays.items()}
    return parts if taken.booster is None else {**parts, f"{name}_trees.txt": taken.booster.encode()}


def _classifier_from(name: str, parts: dict[str, bytes]) -> SuccessClassifier | None:
    """Take the parts of one classifier out of ``parts`` and return it, or None where there is none."""
    if f"{name}.json" not in parts:
        return None
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.model.parts import ClassifierParts

    document = parse_json(parts.pop(f"{name}.json"), f"{name}.json")
    trees = _checked_trees(parts.pop(f"{name}_trees.txt", None))
    background = _array(parts.pop(f"{name}_background.parquet"))
    oof_margin = _array(parts.pop(f"{name}_oof_margin.parquet"))[:, 0]
    arrays = {"background": background, "oof_margin": oof_margin}
    return SuccessClassifier.from_parts(ClassifierParts(document, trees, arrays))


def _checked_trees(content: bytes | None) -> str | None:
    """Return the text of the trees, read whole by our own bounds-checked parser before LightGBM's may see it."""
    if content is None:
        return None
    text = content.decode()
    parse_forest(text)
    check_sizes(text)
    return text


def _domain_from(parts: dict[str, bytes]) -> Domain | None:
    if "domain.json" not in parts:
        return None
    document = parse_json(parts.pop("domain.json"), "domain.json")
    return Domain.from_parts(document, _array(parts.pop("domain_prototypes.parquet")))


def _keys_from(parts: dict[str, bytes]) -> tuple[str, ...]:
    if "customer_keys.parquet" not in parts:
        return ()
    return tuple(row.tobytes().hex() for row in _array(parts.pop("customer_keys.parquet")))


def _reference_from(parts: dict[str, bytes], contract: TableContract) -> Reference | None:
    if "reference.parquet" not in parts:
        return None
    return Reference.from_parquet(parts.pop("reference.parquet"), contract.attributes)


def _stability_from(parts: dict[str, bytes], contract: TableContract) -> Stability | None:
    if "stability.json" not in parts:
        return None
    from icp_ml.model.explanation.stability import Stability

    stability = Stability.from_document(parse_json(parts.pop("stability.json"), "stability.json"))
    stability.ensure_fits({known.column: known.kind == "categorical" for known in contract.attributes})
    return stability


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, allow_nan=False, indent=1).encode() + b"\n"


def _parquet(array: NDArray[Any]) -> bytes:
    """Return an array of one or two dimensions as Parquet, one column per column of the array."""
    columns = np.atleast_2d(array.T)
    table = pa.table({f"c{number}": pa.array(column) for number, column in enumerate(columns)})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", write_statistics=False)
    return buffer.getvalue()


def _array(content: bytes) -> NDArray[Any]:
    """Return the two-dimensional array that `_parquet` wrote, in C order."""
    table = pq.read_table(pa.BufferReader(content))
    return np.ascontiguousarray(np.stack([column.to_numpy() for column in table.columns], axis=1))


def _registered_version(folder: Path, name: str) -> int | None:
    """Return the version that the registry gave, None where the file beside the bundle does not say it."""
    try:
        with (folder / REGISTRATION).open("rb") as file:
            registration = parse_json(file.read(10_000), REGISTRATION)
    except (OSError, ModelError):
        return None
    version = registration.get("version")
    if registration.get("name") == name and type(version) is int:
        return version
    logger.warning("%s: does not belong to this model and is ignored", REGISTRATION)
    return None
