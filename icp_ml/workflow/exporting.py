"""Write a profile as a query for a list supplier, with the size and the success that may be expected."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from icp_ml import __version__
from icp_ml.accounts.contract import learn_contract
from icp_ml.accounts.customers import Customers, load_customers
from icp_ml.accounts.deals import read_deals
from icp_ml.accounts.kinds import Kind as ReadKind
from icp_ml.accounts.outcome import label_outcome
from icp_ml.accounts.split import Split
from icp_ml.accounts.tables import Table, open_table, table_of
from icp_ml.errors import DataError, UsageError, message
from icp_ml.icp.base import CustomerBase, rule_frame
from icp_ml.icp.coverage import coverage
from icp_ml.icp.export.columns import rule_columns, supplier_columns
from icp_ml.icp.export.conditions import Kind
from icp_ml.icp.export.expected import count_customers, count_prospects, rules_to_count
from icp_ml.icp.export.export import FORMS, TABLE, Form, ProfileExport, is_our_export
from icp_ml.icp.export.query import SupplierQuery, supplier_query
from icp_ml.icp.market import Market, read_market
from icp_ml.icp.profile import Profile, load_profile
from icp_ml.model.success_model import SuccessModel
from icp_ml.outputs import ensure_can_write_file, whole_file
from icp_ml.prospects.admission import customer_key
from icp_ml.prospects.summary import model_notes
from icp_ml.study import Study, load_study, study_from_document
from icp_ml.workflow.scoring import Model, load

logger = logging.getLogger(__name__)

_KINDS: dict[ReadKind, Kind] = {"numeric": "number", "categorical": "text", "date": "date"}


@dataclass(frozen=True)
class ExportOptions:
    """How a profile is exported.

    Attributes
    ----------
    form : {"sql", "filters", "csv"}
    columns : tuple of str or None
        Exactly the columns that the supplier has; None: what is known of a prospect.
    table : str
        Of the supplier, in SQL.
    overrides : tuple of str
        ``"key=value"`` settings that replace keys of the study file.
    """

    form: Form = "sql"
    columns: tuple[str, ...] | None = None
    table: str = TABLE
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExportResult:
    """An exported profile and where it was written.

    Attributes
    ----------
    export : ProfileExport
    content : str
        The query in its form.
    out : Path or None
        The file, where one was asked for.
    """

    export: ProfileExport
    content: str
    out: Path | None = None
    exit_code: int = 0

    def to_document(self) -> dict[str, Any]:
        """Return what is asked and what to expect, the file, and the query as text."""
        written = {"out": None if self.out is None else str(self.out)}
        return {**written, **self.export.as_document(), "content": self.content}

    def to_text(self) -> str:
        """Return the query where it is written nowhere, else what to expect of it."""
        return self.content if self.out is None else "\n".join([f"{self.out}: {self.export.title}", *self.told()])

    def told(self) -> list[str]:
        """Return what to expect of the query, one line each."""
        lines = [f"  {sentence}" for sentence in self.export.sentences]
        covered = self.export.coverage
        lines += [] if covered is None else [f"  market: {row.sentence}" for row in covered.rows]
        return lines + [f"note: {note}" for note in self.export.notes]


def export(
    profile: str | Path | Profile,
    *,
    study: str | Path | Study | None = None,
    model: Model | None = None,
    prospects: str | Path | pd.DataFrame | None = None,
    out: str | Path | None = None,
    options: ExportOptions | None = None,
) -> ExportResult:
    """Write a profile as a query for a list supplier.

    Parameters
    ----------
    profile : path or Profile
        Its criteria must hold; needs of missing capabilities and the exclusions of study and model become exclusions.
    study : path or Study, optional
        Says which attributes a supplier has, and how the customers did that the query would have selected.
    model : str, Path or SuccessModel, optional
        Says how likely the selected prospects succeed; without a study, its own tells which attributes there are.
    prospects : path or DataFrame, optional
        Counted against the query; by default the prospects of the study.
    out : path, optional
        The file to write, replaced if it is an export of ours.
    options : ExportOptions, optional
        Form, columns and table; SQL by default.

    Raises
    ------
    UsageError
        Neither a study nor a model is given, no criterion can be asked, or the file is not ours to replace.
    DataError
        A table is not acceptable.
    """
    options = options or ExportOptions()
    _ensure_usable(options, study, model)
    target = None if out is None else ensure_can_write_file(out, is_our_export)
    written = profile if isinstance(profile, Profile) else load_profile(profile)
    served = None if model is None else load(model)
    exported = _exported(_Sources.of(written, study, served, options.overrides), prospects, options)
    result = ExportResult(exported, exported.content(), None if out is None else Path(out))
    if target is not None:
        with whole_file(target, is_our_export) as path:
            path.write_text(result.content, encoding="utf-8", newline="")
    elif options.form == "csv":  # lines of CSV have no room for it
        logger.info("\n".join(result.told()))
    return result


def _ensure_usable(options: ExportOptions, study: object, model: object) -> None:
    if options.form not in FORMS:
        expected = ", ".join(FORMS)
        raise UsageError(message("--as", f"'{options.form}' is no form", f"one of {expected}", "Choose one of them"))
    if study is None and model is None:
        step = "Give --study STUDY, --model MODEL, or both"
        raise UsageError(message("--study", "nothing says which attributes there are", "a study or a model", step))


@dataclass(frozen=True)
class _Sources:
    """Where the numbers of an export come from; no customers are read where only a model is given."""

    profile: Profile
    study: Study
    model: SuccessModel | None
    customers: Customers | None

    @classmethod
    def of(
        cls, profile: Profile, study: str | Path | Study | None, model: SuccessModel | None, overrides: Sequence[str]
    ) -> _Sources:
        """Read the customers where a study is given; else the model says which study it is of."""
        if study is None and model is not None:
            return cls(profile, study_from_document(model.study, ".", model.label), model, None)
        loaded = study if isinstance(study, Study) else load_study(str(study), overrides)
        logger.info("reading %s", loaded.accounts.name)
        return cls(profile, loaded, model, load_customers(loaded, also=sorted(profile.columns)))

    @property
    def exclude(self) -> list[str]:
        """The exclusions of the study and of the model, each once."""
        return list(dict.fromkeys([*self.study.exclude, *(() if self.model is None else self.model.exclude)]))

    @property
    def kinds(self) -> dict[str, Kind]:
        """How the columns of the study are read, by name."""
        if self.customers is not None:
            return {name: _KINDS[kind] for name, kind in self.customers.kinds.items()}
        declared = {one.column: _KINDS[one.kind] for one in self.study.attributes if one.kind is not None}
        contract = () if self.model is None else self.model.contract.attributes
        return declared | {one.column: _KINDS[one.kind] for one in contract}

    def base(self, customers: Customers, model: SuccessModel) -> CustomerBase:
        """Return the customers under the profile, as far as an export asks of them: no rule is chosen by any."""
        labels = label_outcome(self.study.outcome, customers.outcome, customers.as_of, customers.observed_until)
        everyone = np.arange(len(customers))
        return CustomerBase(
            profile=self.profile,
            customers=customers,
            labels=labels,
            model=model,
            split=Split("cross_validation", None, None, everyone, everyone, labels, labels, [], {}),
            today=customers.observed_until or self.profile.situation.starts,
            rule_frame=rule_frame(customers),
            deals=read_deals(self.study),
        )


@dataclass(frozen=True)
class _ModelAlone:
    """What reading prospects asks of a customer base, where there is a model and no customers."""

    model: SuccessModel
    study: Study
    today: dt.date


def _exported(sources: _Sources, prospects: str | Path | pd.DataFrame | None, options: ExportOptions) -> ProfileExport:
    if prospects is None and sources.customers is not None:
        prospects = sources.study.prospects
    table = None if prospects is None else _opened(sources.study, prospects)
    columns = supplier_columns(
        sources.study,
        rule_columns(sources.profile, sources.exclude),
        None if table is None else table.columns,
        options.columns,
    )
    query = supplier_query(sources.profile, sources.exclude, columns, kinds=sources.kinds, labels=sources.study.labels)
    served = sources.model
    empty = ProfileExport(
        query=query,
        form=options.form,
        table=options.table,
        model=None if served is None else served.label,
        notes=() if served is None else _model_notes(served),
    )
    return _counted(empty, sources, prospects, table)


def _counted(
    exported: ProfileExport, sources: _Sources, prospects: str | Path | pd.DataFrame | None, table: Table | None
) -> ProfileExport:
    """Add what customers and prospects say of a query."""
    query, customers = exported.query, sources.customers
    if customers is None:
        if prospects is None or sources.model is None:
            return exported
        today = sources.model.contract.as_of_default or sources.profile.situation.starts
        alone = _ModelAlone(sources.model, sources.study, today)
        return _with_prospects(exported, query, read_market(prospects, alone, rules_to_count(query)))
    base = sources.base(customers, sources.model or _unfitted(customers, table))
    exported = replace(exported, customers=count_customers(query, base))
    if prospects is None:
        return exported
    market = read_market(prospects, base, rules_to_count(query))
    return replace(_with_prospects(exported, query, market), coverage=coverage(base, market))


def _with_prospects(exported: ProfileExport, query: SupplierQuery, market: Market) -> ProfileExport:
    return replace(exported, prospects=count_prospects(query, market), notes=(*exported.notes, *market.notes))


def _opened(study: Study, prospects: str | Path | pd.DataFrame) -> Table:
    if isinstance(prospects, pd.DataFrame):
        return table_of(prospects)
    return open_table(prospects, delimiter=study.read.delimiter, encoding=study.read.encoding)


def _unfitted(customers: Customers, table: Table | None) -> SuccessModel:
    """Return what reads prospects where there is no model: the attributes that their table has, and nothing learned."""
    study = customers.study
    known = study.attributes_at("prospect")
    attributes = [one for one in known if table is None or one.column in table.columns]
    if not attributes and table is not None:
        came = f"it has none of the {len(known)} attributes of the study that are known of a prospect"
        raise DataError(message(table.path, came, "a table of prospects", "Give another table"))
    return SuccessModel(
        name=study.name,
        kind="hypothesis",
        study=study.as_document(),
        horizon_days=study.outcome.horizon_days,
        stage="prospect",
        contract=learn_contract(customers, attributes),
        classifier=None,
        ready=False,
        data_sha256=customers.sha256,
        code_version=__version__,
        customer_keys=() if study.id.row_number else tuple(sorted(map(customer_key, customers.ids))),
        exclude=study.exclude,
    )


def _model_notes(model: SuccessModel) -> tuple[str, ...]:
    """Return the notes of a model but those on the range of a chance, which an export does not tell."""
    return tuple(note for note in model_notes(model) if "probability_low" not in note)
