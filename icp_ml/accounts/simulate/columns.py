"""The columns of the simulated company: their names, what they say about a fit, and how they look in a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from icp_ml.names import FIT_NAMES

Floats = npt.NDArray[np.float64]
Maker = Callable[[Floats], pd.Series]


@dataclass(frozen=True)
class Column:
    """One attribute of the simulated table.

    Attributes
    ----------
    name : str
        Its name in the table.
    fit : str or None
        The latent fit that it indicates; None for noise, whatever the study says it stands for.
    loading : float
        Correlation of the underlying normal score with the latent fit, 0 to 1; 0 for noise.
    make : callable
        Turns the normal score, shape (n,), into the values of the table.
    missing : float
        Share of missing values, 0 to 1.
    known : str
        Stage at which it is known: prospect, discovery or customer.
    """

    name: str
    fit: str | None
    loading: float
    make: Maker
    missing: float = 0.0
    known: str = "prospect"


def _counts(middle: float, spread: float, lowest: int = 0) -> Maker:
    """Make whole numbers from ``lowest`` on, lognormal around ``middle``."""
    return lambda x: pd.Series(np.maximum(middle * np.exp(spread * x), lowest).astype(np.int64)).astype("Int64")


def _levels(*levels: tuple[str, float]) -> Maker:
    """Make text levels with the given shares, in the order of the score."""
    names = np.array([name for name, _ in levels], dtype=object)
    cuts = ndtri(np.cumsum([share for _, share in levels])[:-1])
    return lambda x: pd.Series(names[np.searchsorted(cuts, x)], dtype="str")


def _points(lowest: int, highest: int, middle: float, spread: float) -> Maker:
    """Make whole points between two ends."""
    return lambda x: pd.Series(np.clip(np.rint(middle + spread * x), lowest, highest).astype(np.int64)).astype("Int64")


def _amount(middle: float, spread: float, step: float) -> Maker:
    """Make positive amounts rounded to a step, lognormal around ``middle``."""
    return lambda x: pd.Series(np.round(np.rint(middle * np.exp(spread * x) / step) * step, 2))


def _share(x: Floats) -> pd.Series:
    return pd.Series(np.round(ndtr(x), 2))


def _flag(x: Floats) -> pd.Series:
    return pd.Series(x > 0).astype("boolean")


INDICATORS: tuple[Column, ...] = (
    Column("crm", "technical", 0.82, _levels(
        ("Spreadsheets", 0.17), ("Zoho", 0.13), ("Pipedrive", 0.15), ("Dynamics", 0.13), ("HubSpot", 0.24),
        ("Salesforce", 0.18)), 0.04),
    Column("integrations", "technical", 0.90, _counts(4.5, 0.6), 0.07),
    Column("data_quality", "technical", 0.86, _share, 0.12, "discovery"),
    Column("use_case", "functional", 0.86, _levels(
        ("Event reporting", 0.15), ("Commission tracking", 0.18), ("Lead routing", 0.22), ("Pipeline reporting", 0.25),
        ("Renewal forecasting", 0.20)), 0.05),
    Column("jobs_covered", "functional", 0.91, _points(0, 8, 4.2, 1.7), 0.06),
    Column("team_size", "resource", 0.90, _counts(9.5, 0.7, 1), 0.04),
    Column("success_budget", "resource", 0.82, _amount(8000.0, 0.7, 100.0), 0.22, "discovery"),
    Column("open_ops_roles", "resource", 0.78, _counts(1.4, 0.8), 0.12),
    Column("analysts", "competence", 0.90, _counts(2.8, 0.7), 0.09),
    Column("prior_tools", "competence", 0.86, _levels(
        ("No tool", 0.24), ("Macros", 0.28), ("BI suite", 0.30), ("Competing product", 0.18)), 0.10),
    Column("support_tier_needed", "experience", 0.90, _levels(
        ("Around the clock", 0.16), ("Named manager", 0.22), ("Office hours", 0.34), ("Self-service", 0.28)), 0.07),
    Column("onboarding_model", "experience", 0.75, _levels(
        ("On site", 0.20), ("Guided", 0.45), ("Self-guided", 0.35)), 0.02, "customer"),
    Column("decision_style", "cultural", 0.75, _levels(
        ("Committee", 0.25), ("Consensus", 0.30), ("Sponsor", 0.28), ("Founder", 0.17)), 0.12),
    Column("sponsor_rating", "cultural", 0.80, _points(1, 5, 3.2, 1.0), 0.18, "discovery"),
)  # fmt: skip
"""Fourteen attributes that say something about a latent fit, levels ordered from bad to good."""

NOISE: tuple[Column, ...] = (
    Column("hosting", None, 0.0, _levels(
        ("AWS", 0.42), ("Azure", 0.27), ("Google Cloud", 0.16), ("On premises", 0.15)), 0.08),
    Column("stack_age", None, 0.0, _amount(4.0, 0.6, 0.1), 0.25),
    Column("reports_needed", None, 0.0, _counts(12.0, 0.5), 0.18),
    Column("offices", None, 0.0, _counts(2.6, 0.8, 1), 0.03),
    Column("certifications", None, 0.0, _counts(1.6, 0.7), 0.20),
    Column("languages", None, 0.0, _points(1, 7, 2.2, 1.2), 0.06),
    Column("reads_newsletter", None, 0.0, _flag, 0.0),
    Column("site_visits", None, 0.0, _counts(24.0, 0.9), 0.14),
)  # fmt: skip
"""Attributes that say nothing. ``founded_on`` is the ninth; it needs the day of signing and is made with the dates."""

CONTEXT: dict[str, dict[str, tuple[float, float]]] = {
    "industry": {
        "Software": (0.22, 0.20), "Manufacturing": (0.18, -0.10), "Logistics": (0.14, 0.05), "Retail": (0.14, -0.15),
        "Finance": (0.12, 0.10), "Health": (0.10, 0.0), "Media": (0.10, -0.10),
    },
    "region": {
        "DACH": (0.30, 0.0), "Benelux": (0.16, 0.0), "Nordics": (0.18, 0.0), "UK": (0.22, 0.0), "Iberia": (0.14, 0.0),
    },
    "channel": {"Inbound": (0.36, 0.05), "Outbound": (0.30, -0.20), "Partner": (0.18, 0.05), "Referral": (0.16, 0.25)},
}  # fmt: skip
"""Levels of the context attributes with their market share and their effect on success, in log-odds."""


def draw_context(n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, Floats]:
    """Return the context attributes of n accounts and their effect on success in log-odds, shape (n,)."""
    columns, effect = {}, np.zeros(n)
    for name, levels in CONTEXT.items():
        shares = np.array([share for share, _ in levels.values()])
        effects = np.array([value for _, value in levels.values()])
        drawn = rng.choice(len(levels), n, p=shares)
        columns[name] = pd.Series(np.array(list(levels), dtype=object)[drawn], dtype="str")
        effect += effects[drawn] - shares @ effects
    return pd.DataFrame(columns), effect


def draw_attributes(latent: Floats, blanks: Floats, rng: np.random.Generator) -> pd.DataFrame:
    """Return what the table says about accounts whose latent fits are known.

    Parameters
    ----------
    latent : ndarray of float, shape (n, 6)
        Latent fits, standard normal in the market, in the order of ``FIT_NAMES``.
    blanks : ndarray of float, shape (n,)
        Factor on the shares of missing values: some accounts are worse documented than others.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    DataFrame, shape (n, 22)
        Indicators and noise, with missing values.
    """
    columns = {}
    for column in (*INDICATORS, *NOISE):
        signal = 0.0 if column.fit is None else column.loading * latent[:, FIT_NAMES.index(column.fit)]
        score = signal + np.sqrt(1 - column.loading**2) * rng.normal(size=len(latent))
        values, absent = column.make(score), rng.uniform(size=len(latent)) < column.missing * blanks
        columns[column.name] = values.mask(absent) if column.missing else values
    return pd.DataFrame(columns)


def known_to_prospects(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table without the attributes that are found out later."""
    return table.drop(columns=[column.name for column in INDICATORS if column.known != "prospect"])


_FIRST = (
    "North", "Harbour", "Alder", "Bright", "Castle", "Delta", "Ember", "Falcon", "Granite", "Hazel", "Iris", "Juniper",
    "Kestrel", "Lumen", "Maple", "Nova", "Orchard", "Pioneer", "Quarry", "River", "Summit", "Tidal", "Union", "Vertex",
    "Willow", "Amber", "Beacon", "Cobalt", "Drift", "Elm", "Forge", "Glacier", "Hollow", "Inland", "Jasper", "Keystone",
    "Larch", "Meridian", "Nimbus", "Onyx", "Prairie", "Ridge", "Silver", "Thistle", "Upland", "Vale", "Zephyr",
)  # fmt: skip
_SECOND = (
    "Logistics", "Analytics", "Foods", "Systems", "Mobility", "Health", "Energy", "Textiles", "Media", "Finance",
    "Robotics", "Retail", "Software", "Packaging", "Diagnostics", "Freight", "Insurance", "Printing", "Tools",
    "Hospitality", "Networks", "Chemicals", "Furniture", "Optics", "Learning",
)  # fmt: skip
_FORM = ("GmbH", "Ltd", "BV", "AB", "SL", "AG", "plc", "Oy")


def draw_names(n: int, rng: np.random.Generator) -> pd.Series:
    """Return n company names; some repeat, as in any CRM."""
    parts = [np.array(words, dtype=object)[rng.integers(0, len(words), n)] for words in (_FIRST, _SECOND, _FORM)]
    return pd.Series(parts[0] + " " + parts[1] + " " + parts[2], dtype="str")
