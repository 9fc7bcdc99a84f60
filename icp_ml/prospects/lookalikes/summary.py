"""What a search for lookalikes did, in counts that add up and in the sentences a reader must know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icp_ml.prospects.summary import counts_text

if TYPE_CHECKING:
    from icp_ml.model.success_model import SuccessModel
    from icp_ml.prospects.lookalikes.options import LookalikeOptions
    from icp_ml.prospects.lookalikes.seeds import Seeds

_FIRST = 5
"""Ranks that are told on a terminal."""


@dataclass(frozen=True)
class LookalikeSummary:
    """Result of `find_file`.

    Attributes
    ----------
    out : Path
        The lookalike file.
    by_seed : Path or None
        The nearest prospects of every seed, when they were asked for.
    document : dict
        What ``FILE.summary.json`` holds.
    """

    out: Path
    by_seed: Path | None
    document: Mapping[str, Any]

    exit_code = 0

    def to_document(self) -> dict[str, Any]:
        """Return the summary with the paths that were written."""
        written = {"out": str(self.out), "by_seed": None if self.by_seed is None else str(self.by_seed)}
        return {**written, **self.document}

    def to_text(self) -> str:
        """Return the summary as a few lines, warnings and notes."""
        found = self.document
        lines = [f"{self.out}: {found['listed']:,} of {found['scored']:,} prospects listed with {found['model']}"]
        lines += counts_text({**found, "out_of_domain": 0})
        if found["out_of_domain"]:
            lines.append(f"  {found['out_of_domain']:,} are unlike every customer: their similarity is lowered")
        lines += [f"  {_first(row)}" for row in found["top"][:_FIRST]]
        told = [found["seeds"]["sentence"], found["segments"]["sentence"], found["dial"]["sentence"]]
        told += [found[key]["sentence"] for key in ("diversity", "evaluation") if found[key]]
        lines += [f"  {sentence}" for sentence in told]
        if found["rejected"]:
            lines.append(f"  rejected rows and why: {self.out}.rejected.csv")
        if self.by_seed is not None:
            lines.append(f"  the nearest prospects of every seed: {self.by_seed}")
        warned = [f"warning: {warning}" for warning in found["seeds"]["warnings"]]
        return "\n".join([*lines, *warned, *(f"note: {note}" for note in found["notes"])])


def _first(row: Mapping[str, Any]) -> str:
    chance = "" if row["probability"] is None else f", success {row['probability']:.2f}"
    close = "" if row["p_close"] is None else f", closing {row['p_close']:.2f}"
    return f"{row['rank']}. {row['id']}: similarity {row['similarity']:.2f}{chance}{close}. {row['sentence']}"


def lookalike_notes(model: SuccessModel, options: LookalikeOptions, counts: Counts) -> list[str]:
    """Return what a reader must know of the model and of the list."""
    notes = [*_model_notes(model), *_length_notes(model, options, counts), *_list_notes(model, counts)]
    if options.evaluate and not options.has_all_seeds:
        notes.append("The evaluation is of lists from all successful and churned customers, not from these seeds.")
    return notes


@dataclass(frozen=True)
class Counts:
    """How many are listed, and how many of these are what a reader should know.

    Attributes
    ----------
    listed : int
        Ranks.
    out_of_domain : int
        Of these, unlike every customer.
    below_half : int
        Of these, with a similarity below 0.5.
    all_alike : bool
        All prospects of the domain are equally similar.
    """

    listed: int
    out_of_domain: int
    below_half: int
    all_alike: bool


def _model_notes(model: SuccessModel) -> list[str]:
    notes = []
    if not model.ready:
        notes.append("The model is not ready: a gate failed on later customers. Read the report before acting on it.")
    if model.evaluation_classifier is None:
        notes.append("Judged by cross-validation, without a split by time: on later accounts it may be worse.")
    if not model.map_reviewed:
        notes.append("Draft map: nobody has reviewed which attribute stands under which fit.")
    if model.probability_withdrawn:
        return [*notes, "The probability is withdrawn: its calibration failed. Similarity and ranks stay."]
    window = "as the study defines it" if model.horizon_days is None else f"within {model.horizon_days} days"
    return [
        *notes,
        f"probability is the chance of success {window}, given that they sign; it stands beside the similarity and "
        "does not decide the order.",
    ]


def _length_notes(model: SuccessModel, options: LookalikeOptions, counts: Counts) -> list[str]:
    if options.top is not None and counts.listed < options.top:
        left = f"{counts.listed:,} prospect{' was' if counts.listed == 1 else 's were'}"
        return [f"{options.top:,} ranks were asked for; {left} left to list."]
    if options.top is None and options.reach is None and counts.listed:
        whose = "a tenth of the prospects" if model.capacity is None else "what the team can work in a period"
        return [f"The length of the list is {whose}: --top or --reach ask for another."]
    return []


def _list_notes(model: SuccessModel, counts: Counts) -> list[str]:
    notes = []
    if model.contract.id is None:
        notes.append(
            "The study has no id column, so customers cannot be recognised: take them out of the table of prospects."
        )
    if counts.all_alike:
        notes.append(
            "All prospects are equally similar: the model knows nothing that tells them apart, and ranks follow the "
            "order of the table."
        )
    if counts.out_of_domain:
        notes.append(
            f"{_of(counts.out_of_domain, counts)} unlike every customer, which lowers the similarity: little is known "
            "of such accounts."
        )
    if counts.below_half:
        notes.append(
            f"{_of(counts.below_half, counts)} nearer to the negative seeds than to the seeds, or unlike every "
            "customer: a similarity below 0.5."
        )
    return notes


def _of(n: int, counts: Counts) -> str:
    return f"{n:,} of the {counts.listed:,} listed {'is' if n == 1 else 'are'}"


def segments_document(seeds: Seeds, listed: Sequence[str | None]) -> dict[str, Any]:
    """Return the segments, with how many of the listed prospects resemble each.

    Parameters
    ----------
    seeds : Seeds
        With their segments.
    listed : sequence of str or None
        Segment of every listed prospect.
    """
    document, counts = seeds.segments_document(), Counter(listed)
    rows = [{**row, "n_listed": counts.get(row["name"], 0)} for row in document["rows"]]
    return {**document, "rows": rows}
