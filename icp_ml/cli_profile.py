"""The commands of `icp-ml profile`: propose a first one, compare two versions, note a decision, export a query."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

Command = Callable[[Any, str, str, Callable[[argparse.Namespace], Any]], argparse.ArgumentParser]
_SUMMARY = "write a first profile, compare two versions, note what was decided, export it as a query"


def add_profile(commands: Any, command: Command) -> None:
    """Add the group to the commands of the parser; ``command`` adds one with the options that all have."""
    group = commands.add_parser("profile", help=_SUMMARY, description=_SUMMARY)
    inner = group.add_subparsers(dest="of_profile", metavar="COMMAND", required=True)
    _propose(command(inner, "propose", "a first profile from the customers of a study", _run_propose))
    _diff(command(inner, "diff", "what a new version of a profile changes", _run_diff))
    _decide(command(inner, "decide", "note in the ledger what was decided on a suggestion", _run_decide))
    _export(command(inner, "export", "the profile as a query for a list supplier: size and expected rate", _run_export))
    for name, parser in inner.choices.items():
        parser.set_defaults(command=f"profile {name}")


def _propose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study file (YAML)")
    parser.add_argument("--out", metavar="FILE", default="profile.yaml", help="where it goes (default profile.yaml)")
    parser.add_argument("--model", metavar="MODEL", help="its contributions pick among cuts that are equally good")
    parser.add_argument("--starts", metavar="DATE", help="first day of the situation (default: the next quarter)")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], dest="overrides", help="override a key of the study"
    )


def _diff(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("profile", metavar="OLD", help="a profile file")
    parser.add_argument("new", metavar="NEW", help="another version of it")
    parser.add_argument("--study", metavar="STUDY", help="count its customers under both")


def _decide(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("profile", metavar="PROFILE", help="the profile file; its ledger lies beside it")
    parser.add_argument("--suggestion", metavar="ID", required=True, help="id of a review's suggestion, or its start")
    verdict = parser.add_mutually_exclusive_group(required=True)
    verdict.add_argument("--accept", action="store_true", dest="accepted", help="it becomes part of the profile")
    verdict.add_argument("--reject", action="store_false", dest="accepted", help="it does not")
    parser.add_argument("--by", metavar="NAME", required=True, help="who decided")
    parser.add_argument("--why", metavar="TEXT", default="", help="the reason")
    parser.add_argument("--on", metavar="DATE", help="the day of the decision (default: that of the review)")


def _export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("profile", metavar="PROFILE", help="the profile file (YAML)")
    parser.add_argument("--as", dest="form", choices=("sql", "filters", "csv"), required=True, help="form of the query")
    parser.add_argument("--study", metavar="STUDY", help="says what a supplier knows, and how such customers did")
    parser.add_argument("--model", metavar="MODEL", help="says how likely such prospects succeed")
    parser.add_argument("--prospects", metavar="FILE", help="counted (default: the prospects of the study)")
    parser.add_argument("--columns", metavar="A,B,C", help="exactly the columns that the supplier has")
    parser.add_argument("--table", metavar="NAME", default="companies", help="table of the SQL (default companies)")
    parser.add_argument("--out", metavar="FILE", help="where it goes (default: printed)")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], dest="overrides", help="override a key of the study"
    )


def _run_propose(options: argparse.Namespace) -> Any:
    from icp_ml.workflow import profiling

    names = ("out", "model", "starts", "overrides")
    return profiling.propose(options.study, **{name: getattr(options, name) for name in names})


def _run_diff(options: argparse.Namespace) -> Any:
    from icp_ml.workflow import profiling

    return profiling.diff(options.profile, options.new, study=options.study)


def _run_decide(options: argparse.Namespace) -> Any:
    from icp_ml.workflow import profiling

    names = ("accepted", "by", "why", "on")
    return profiling.decide(options.profile, options.suggestion, **{name: getattr(options, name) for name in names})


def _run_export(options: argparse.Namespace) -> Any:
    from icp_ml.workflow import exporting

    columns = None if options.columns is None else tuple(name.strip() for name in options.columns.split(","))
    asked = exporting.ExportOptions(options.form, columns, options.table, tuple(options.overrides))
    names = ("study", "model", "prospects", "out")
    return exporting.export(options.profile, options=asked, **{name: getattr(options, name) for name in names})
