"""The keys of a study file, their types and their shorthands."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from icp_ml.strict.model import Day, StrictModel

Stage = Literal["prospect", "discovery", "customer"]
Kind = Literal["numeric", "categorical", "date"]
Effect = Literal["increasing", "decreasing"]
Learner = Literal["auto", "logistic", "lightgbm", "blend"]

Scalar = bool | int | float | str
Column = Annotated[str, Field(min_length=1)]
Amount = float | Column
Share = Annotated[float, Field(gt=0, lt=1)]
Days = Annotated[int, Field(ge=1, le=36_500)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]


class ColumnOrMapping(StrictModel):
    """Settings that may be written as one column name."""

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: object) -> object:
        return {"column": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Say that the short form, a column name, is as good as the mapping."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        return {"anyOf": [{"type": "string", "minLength": 1}, schema]}


class ReadOptions(StrictModel):
    """How to read a CSV table."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """One character, such as ';'; a comma when left out."""
    encoding: Annotated[str, Field(min_length=1)] | None = None
    """Such as latin-1; UTF-8 when left out."""


class IdSpec(ColumnOrMapping):
    """What names an account."""

    column: Column | None = None
    row_number: bool = False
    """Use the row number where the table has no id."""


class AsOf(ColumnOrMapping):
    """The day on which an account's attributes were known."""

    column: Column
    plus_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    """Days after the date in the column."""


class Group(ColumnOrMapping):
    """Related accounts, which never sit on both sides of a split."""

    column: Column | None = None
    identical_rows: bool = False
    """Accounts with the same attributes are one group."""


class Outcome(StrictModel):
    """What success is: a finished label, or a lifetime."""

    horizon_days: Days | None = None
    """Length of the outcome window after as_of."""
    column: Column | None = None
    """A finished label."""
    success: tuple[Scalar, ...] = ()
    """Values of the label that are a success; compared as text."""
    failure: tuple[Scalar, ...] = ()
    """Values of the label that are a failure; anything else is not known yet."""
    ended: Column | None = None
    """A lifetime: the day the contract ended, empty for a customer of today."""
    observed_until: Day | None = None
    """The day the table was drawn; it decides what is future."""
    base_rate: Share | None = None
    """True share of successes where rows were sampled by outcome."""

    @property
    def is_lifetime(self) -> bool:
        """True where success is measured by how long a customer stayed."""
        return self.ended is not None


class AttributeKey(ColumnOrMapping):
    """A column of the business under a fit."""

    column: Column
    kind: Kind | None = None
    effect: Effect | None = None
    """Monotone expectation on the chance of success."""
    available: Stage = "prospect"
    """When the value is known."""
    point_in_time: bool = True
    """False: today's value, not that of the as_of day."""
    proxy: bool = False
    """Stands in for the fit."""
    changeable: bool = False
    """The account could change it."""
    entered_on: Column | None = None
    """Date column: when a human rating was written down."""


class Fits(StrictModel):
    """Every attribute of the model under exactly one of the six questions."""

    technical: tuple[AttributeKey, ...] = ()
    """Does their stack, data and integration landscape work with the product?"""
    functional: tuple[AttributeKey, ...] = ()
    """Does the product do the job they need done?"""
    resource: tuple[AttributeKey, ...] = ()
    """Can they spend the money, people and time that success takes?"""
    competence: tuple[AttributeKey, ...] = ()
    """Do they have the skills to use it well?"""
    experience: tuple[AttributeKey, ...] = ()
    """Do our service, onboarding and support match what they expect and need?"""
    cultural: tuple[AttributeKey, ...] = ()
    """Do the ways of working, values and risk appetite of both sides match?"""


class MapReviewed(StrictModel):
    """Who checked which attribute stands under which fit, and when."""

    by: Annotated[str, Field(min_length=1)]
    on: Day


class ReadinessLine(StrictModel):
    """One line of readiness; evidence with a date fades by its half-life."""

    rule: str
    date: Column | None = None
    half_life_days: Days | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: object) -> object:
        return {"rule": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Say that the short form, a rule, is as good as the mapping."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        return {"anyOf": [{"type": "string", "minLength": 1}, schema]}


class Readiness(StrictModel):
    """Ready, willing and able: a second axis, never inside the success model."""

    ready: tuple[ReadinessLine, ...] = ()
    willing: tuple[ReadinessLine, ...] = ()
    able: tuple[ReadinessLine, ...] = ()


class Expansion(StrictModel):
    """Columns or numbers for what a successful customer may buy later."""

    seats: Amount | None = None
    cross_sell: Amount | None = None
    up_sell: Amount | None = None


class Economics(StrictModel):
    """Columns or numbers for value and cost, in one currency."""

    currency: Annotated[str, Field(min_length=1)]
    revenue: Amount
    margin: Amount | None = None
    acquisition_cost: Amount | None = None
    onboarding_cost: Amount | None = None
    support_cost: Amount | None = None
    discount_rate: Annotated[float, Field(ge=0, lt=1)] = 0.0
    cac_ratio: Annotated[float, Field(gt=0)] | Literal["lifetime_months"] = 3.0
    expansion: Expansion = Expansion()
    advocacy: Amount | None = None
    referred_by: Column | None = None
    strategic: Column | None = None
    buying_window: Amount | None = None


class Deals(StrictModel):
    """A table of opportunities; its columns are not columns of the accounts."""

    table: Annotated[str, Field(min_length=1)]
    account: Column
    opened: Column
    closed: Column
    won: Column
    value: Column | None = None
    channel: Column | None = None


class Status(StrictModel):
    """Where an account stands today, by the values of one column."""

    column: Column
    customer: tuple[Scalar, ...] = ()
    churned: tuple[Scalar, ...] = ()
    at_risk: tuple[Scalar, ...] = ()
    pipeline: tuple[Scalar, ...] = ()
    trial_lost: tuple[Scalar, ...] = ()


class LeadingOutcome(StrictModel):
    """An early signal, never called success."""

    column: Column
    success: Annotated[tuple[Scalar, ...], Field(min_length=1)]
    horizon_days: Days


class Floor(StrictModel):
    """Fewest successes and failures a model is trained on."""

    successes: Annotated[int, Field(ge=1)] = 30
    failures: Annotated[int, Field(ge=1)] = 30


class AuditOptions(StrictModel):
    """Findings overridden by name; logged in every report."""

    allow: tuple[Column, ...] = ()
    personal_data: tuple[Column, ...] = ()


class ModelOptions(StrictModel):
    """Which learner, and which attributes by the stage they are known at."""

    learner: Learner = "auto"
    stage: Stage = "prospect"


class StudyFile(StrictModel):
    """A study: the table, the outcome, and which attribute answers which of the six questions."""

    name: Name
    accounts: Annotated[str, Field(min_length=1)]
    """Table of customers, relative to this file, or absolute."""
    read: ReadOptions = ReadOptions()
    prospects: Annotated[str, Field(min_length=1)] | None = None
    """The table scored later."""
    id: IdSpec
    as_of: AsOf | None = None
    group: Group | None = None
    outcome: Outcome
    fits: Fits
    context: tuple[AttributeKey, ...] = ()
    """Attributes that answer none of the six questions."""
    map_reviewed: MapReviewed | None = None
    readiness: Readiness | None = None
    economics: Economics | None = None
    deals: Deals | None = None
    status: Status | None = None
    desired_outcome: Column | None = None
    leading_outcome: LeadingOutcome | None = None
    segments: tuple[Column, ...] = ()
    """Cohorts to report by."""
    sensitive: tuple[Column, ...] = ()
    """Slices to audit, never features."""
    exclude: tuple[str, ...] = ()
    """Rules: accounts never on a list."""
    rule: str | None = None
    """Today's rule, a baseline to beat."""
    capacity: Annotated[int, Field(ge=1)] | None = None
    """Accounts the team can work per period."""
    exploration: Share | None = None
    floor: Floor = Floor()
    gates: dict[str, float | tuple[float, float]] = Field(default_factory=dict)
    """Bars by name: a number, or the lowest and the highest."""
    audit: AuditOptions = AuditOptions()
    labels: dict[str, str] = Field(default_factory=dict)
    """Words for people."""
    pass_through: tuple[Column, ...] = ()
    model: ModelOptions = ModelOptions()
    ignore: tuple[Column, ...] = ()
    unlisted: Literal["ignore"] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
