"""Draw one value, the facts of a training, as HTML, Markdown, a model card and JSON. Nothing is computed here."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from icp_ml.report import svg

Facts = dict[str, Any]


def training_files(facts: Facts) -> dict[str, bytes]:
    """Return the report of a training in every format, by file name.

    Parameters
    ----------
    facts
        What :func:`icp_ml.report.facts.training_facts` returns.

    Returns
    -------
    dict of str to bytes
        ``report.html`` (one file, no script, no request), ``report.md``, ``report.json`` and ``model_card.md``.
    """
    return {
        "report.html": _html(facts).encode(),
        "report.md": _plain("training.md.j2", facts).encode(),
        "report.json": (json.dumps(facts, indent=1, allow_nan=False) + "\n").encode(),
        "model_card.md": _plain("model_card.md.j2", facts).encode(),
    }


def _html(facts: Facts) -> str:
    charts = _charts(facts) if facts["kind"] == "success" else {}
    marked = {name: Markup(drawing) for name, drawing in charts.items()}  # noqa: S704  (svg.py escapes every text)
    css = Markup(_template_text("report.css"))  # noqa: S704  (a file of ours)
    return _environment(escape=True).get_template("training.html.j2").render(f=facts, charts=marked, css=css)


def _charts(facts: Facts) -> dict[str, str]:
    return {
        "reliability": svg.reliability_chart(facts["reliability"]),
        "lift": svg.lift_chart(facts["lift_curve"]),
        "fits": svg.fit_bars(facts["fits"]),
        "beeswarm": svg.beeswarm(facts["beeswarm"]),
    }


def _plain(template: str, facts: Facts) -> str:
    return _environment(escape=False).get_template(template).render(f=facts).strip() + "\n"


@cache
def _environment(*, escape: bool) -> Environment:
    loader = PackageLoader("icp_ml.report", "templates")
    environment = Environment(loader=loader, autoescape=escape, undefined=StrictUndefined)  # noqa: S701  (Markdown)
    environment.filters["md"] = markdown_text
    return environment


def markdown_text(text: object) -> str:
    r"""Return text that Markdown shows as it is: no table cells, tags or links out of a column's name.

    Examples
    --------
    >>> markdown_text("a|b <script>")
    'a\\|b &lt;script>'
    """
    return str(text).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ").replace("[", "\\[")


@cache
def _template_text(name: str) -> str:
    return files("icp_ml.report").joinpath("templates", name).read_text(encoding="utf-8")
