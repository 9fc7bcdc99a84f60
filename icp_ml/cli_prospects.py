"""The commands that read a table of accounts with a model: check, score, lookalikes, explain."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

Command = Callable[[Any, str, str, Callable[[argparse.Namespace], Any]], argparse.ArgumentParser]
MODEL = "folder, models:/NAME@champion, models:/NAME/3 or runs:/ID/model"
_TABLE = "CSV, CSV.gz, Parquet or a folder of Parquet"


def add_prospects(commands: Any, command: Command) -> None:
    """Add the commands to the parser; ``command`` adds one with the options that all have."""
    check = "what scoring would refuse, coerce or find unusual, without scoring"
    _check(command(commands, "check", check, _run_check))
    score = "score every prospect: probability, six fits, reasons, grade and rank"
    _score(command(commands, "score", score, _run_score))
    lookalikes = "prospects nearer to the customers that succeed than to those that churned"
    _lookalikes(command(commands, "lookalikes", lookalikes, _run_lookalikes))
    _explain(command(commands, "explain", "one account in depth: why it stands where it stands", _run_explain))


def _check(parser: argparse.ArgumentParser) -> None:
    _prospect_arguments(parser)


def _score(parser: argparse.ArgumentParser) -> None:
    _prospect_arguments(parser)
    parser.add_argument("--out", metavar="FILE", required=True, help="score file, CSV or Parquet by its ending")
    parser.add_argument("--list", metavar="FILE", dest="list_path", help="ten columns for people")
    parser.add_argument(
        "--reasons", metavar="N", type=count, default=10_000, help="ranks with attribute reasons (default 10000)"
    )
    parser.add_argument("--previous", metavar="FILE", help="the last score file: grades near a border are held")


def _lookalikes(parser: argparse.ArgumentParser) -> None:
    _prospect_arguments(parser)
    parser.add_argument("--out", metavar="FILE", required=True, help="lookalike file, CSV or Parquet by its ending")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--top", metavar="N", type=count, help="how many (default: the capacity, else a tenth)")
    size.add_argument("--reach", metavar="SHARE", type=share, help="how many, as a share of the prospects (above 0)")
    parser.add_argument("--seeds", metavar="FILE", help="ids of the customers to resemble (default: all successes)")
    parser.add_argument("--negatives", metavar="FILE", help="ids of those not to resemble (default: the churned)")
    parser.add_argument("--segment", metavar="NAME", help="seeds of one desired outcome, or one cluster, alone")
    parser.add_argument(
        "--diversity", metavar="SHARE", type=share, default=0.0, help="likeness traded for variety, 0 to 1 (default 0)"
    )
    parser.add_argument("--p-close", metavar="COLUMN", help="the prospects' chance of closing, shown beside")
    parser.add_argument("--by-seed", metavar="FILE", help="a second file: the ten prospects nearest to each seed")
    parser.add_argument("--evaluate", action="store_true", help="hide customers among the prospects: who finds them?")


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("accounts", metavar="ACCOUNTS", help=_TABLE)
    parser.add_argument("--id", metavar="ID", required=True, help="id of the account, or its row number without ids")
    parser.add_argument("--out", metavar="FILE", help="a page of the account, FILE.html")
    _reading_arguments(parser)


def _prospect_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prospects", metavar="PROSPECTS", help=_TABLE)
    _reading_arguments(parser)
    parser.add_argument("--on-duplicate", choices=("error", "first"), default="error", help="ids that come twice")


def _reading_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="MODEL", required=True, help=MODEL)
    parser.add_argument("--as-of", metavar="DATE", help="the day on which the attributes were known (YYYY-MM-DD)")
    parser.add_argument("--encoding", help="encoding of a CSV, e.g. latin-1 (default utf-8)")
    parser.add_argument("--delimiter", help="delimiter of a CSV (default: that of the study, else a comma)")


def count(text: str) -> int:
    """Return the whole number of 0 or more that an argument is."""
    number = int(text) if text.isdecimal() else -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of 0 or more")
    return number


def share(text: str) -> float:
    """Return the share, 0 to 1, that an argument is."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a share of 0 to 1")
    return number


def _run_check(options: argparse.Namespace) -> Any:
    import icp_ml.workflow as workflow

    return workflow.check(options.prospects, model=options.model, reading=_reading(options))


def _run_score(options: argparse.Namespace) -> Any:
    import icp_ml.workflow as workflow

    return workflow.score(
        options.prospects,
        model=options.model,
        out=options.out,
        reading=_reading(options),
        list_path=options.list_path,
        n_reasons=options.reasons,
        previous=options.previous,
    )


def _run_lookalikes(options: argparse.Namespace) -> Any:
    import icp_ml.workflow as workflow

    names = ("top", "reach", "seeds", "negatives", "segment", "diversity", "p_close", "by_seed", "evaluate")
    wanted = {name: getattr(options, name) for name in names}
    return workflow.lookalikes(options.prospects, options.model, options.out, reading=_reading(options), **wanted)


def _run_explain(options: argparse.Namespace) -> Any:
    import icp_ml.workflow as workflow

    names = ("as_of", "encoding", "delimiter")
    reading = {name: getattr(options, name) for name in names}
    return workflow.explain(options.accounts, options.model, options.id, out=options.out, reading=reading)


def _reading(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in ("as_of", "encoding", "delimiter", "on_duplicate")}
