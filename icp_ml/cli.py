"""The command line: parse, call one workflow function, print. Heavy libraries are imported only when a command runs."""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from icp_ml import __version__
from icp_ml.cli_profile import add_profile
from icp_ml.cli_prospects import MODEL, add_prospects, count
from icp_ml.errors import IcpError, UsageError

DESCRIPTION = """Learn from your own history which kinds of company become successful customers,
say why in six fits, and put prospects in order."""

EPILOG = """exit codes: 0 done; 2 wrong usage or configuration; 3 done and written, but a gate said no;
4 unacceptable data; 5 model refused; 6 the operating system could not read or write; 1 a defect of ours."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a cell or a rule could tell a terminal to do; line feeds and tabs stay."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = build_parser().parse_args(given)
    except UsageError as error:
        return _refuse_usage(str(error), as_json="--json" in given)
    _prepare_process(options)
    try:
        _ensure_named(options)
        result = options.run(options)
        _print_result(result, as_json=options.json)
        return int(result.exit_code)
    except IcpError as error:
        return _refuse(options, str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 6
    except OSError as error:
        where = error.filename or options.command
        return _refuse(
            options, f"{where}: {error.strerror or error}. Check the path, its rights and the free space.", 6
        )
    except KeyboardInterrupt:
        return _refuse(options, "interrupted; nothing half-written was left behind.", 130)
    except Exception as error:
        if options.debug:
            raise
        came = f"{type(error).__name__} in '{options.command}'"
        return _refuse(options, f"a defect of ours: {came}. Run again with --debug and report what it prints.", 1)


class _Parser(argparse.ArgumentParser):
    """A parser that raises what it refuses, so that ``--json`` holds for wrong usage too."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.format_usage()}{self.prog}: error: {message}")


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of every command; the documentation's commands are checked against it."""
    parser = _Parser("icp-ml", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"icp-ml {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in (_quickstart, _init, _audit, _train):
        add(commands)
    add_prospects(commands, _command)
    for add in (_review, _simulate):
        add(commands)
    add_profile(commands, _command)
    return parser


def _command(
    commands: Any, name: str, summary: str, run: Callable[[argparse.Namespace], Any]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run)
    parser.add_argument("--json", action="store_true", help="print the result as one JSON document on stdout")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a defect")
    return parser


def _quickstart(commands: Any) -> None:
    parser = _command(
        commands,
        "quickstart",
        "simulate a company, train, score its prospects, find lookalikes, review its profile (under a minute)",
        _run_quickstart,
    )
    parser.add_argument("--out", metavar="DIR", default="icp-ml-quickstart", help="folder for everything it makes")
    parser.add_argument("--seed", type=int, default=0, help="seed of the simulated company (default 0)")


def _init(commands: Any) -> None:
    parser = _command(commands, "init", "propose a study file from a table of customers", _run_init)
    parser.add_argument("customers", metavar="CUSTOMERS", help="CSV, CSV.gz, Parquet or a folder of Parquet")
    parser.add_argument("--out", metavar="FILE", default="study.yaml", help="where the study goes (default study.yaml)")
    parser.add_argument("--encoding", help="encoding of a CSV, e.g. latin-1 (default utf-8)")


def _audit(commands: Any) -> None:
    parser = _command(commands, "audit", "count, and look for leaks and unusable columns, before any model", _run_audit)
    _study_arguments(parser)
    parser.add_argument("--earlier", metavar="FILE", help="an earlier export: find what was filled in afterwards")


def _train(commands: Any) -> None:
    parser = _command(
        commands, "train", "audit, split by time, fit, evaluate, gate, refit, save, log and register", _run_train
    )
    _study_arguments(parser)
    parser.add_argument("--out", metavar="DIR", help="the model folder; replaced whole if it is one of ours")
    parser.add_argument("--profile", metavar="PROFILE", help="below the floor: order by this profile's criteria")
    parser.add_argument("--dry-run", action="store_true", help="stop before fitting; write nothing")


def _study_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study file (YAML)")
    _override_argument(parser)


def _override_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], dest="overrides", help="override a key of the study"
    )


def _review(commands: Any) -> None:
    parser = _command(commands, "review", "is the profile still right? judge it, and say what to do next", _run_review)
    parser.add_argument("profile", metavar="PROFILE", help="the profile file (YAML)")
    parser.add_argument("--study", metavar="STUDY", required=True, help="the study file (YAML)")
    parser.add_argument("--model", metavar="MODEL", required=True, help=MODEL)
    parser.add_argument("--out", metavar="DIR", required=True, help="the review's folder; replaced whole if it is ours")
    parser.add_argument("--prospects", metavar="FILE", help="the market (default: the prospects of the study)")
    _override_argument(parser)


def _simulate(commands: Any) -> None:
    parser = _command(commands, "simulate", "write a simulated company whose truth is known", _run_simulate)
    parser.add_argument("--out", metavar="DIR", required=True)
    parser.add_argument("--customers", metavar="N", type=count, default=2000)
    parser.add_argument("--prospects", metavar="M", type=count, default=20_000)
    parser.add_argument("--seed", metavar="S", type=int, default=0)
    parser.add_argument("--world", choices=("aligned", "misaligned", "null", "drift"), default="aligned")
    parser.add_argument("--leaks", action="store_true", help="plant five kinds of leak in the customers table")


def _run_quickstart(options: argparse.Namespace) -> Any:
    import icp_ml.workflow as workflow

    return workflow.quickstart(options.out, seed=options.seed)


def _run_init(options: argparse.Namespace) -> Any:
    import icp_ml.workflow as workflow

    return workflow.init(options.customers, out=options.out, encoding=options.encoding)


def _run_audit(options: argparse.Namespace) -> Any:
    import icp_ml.workflow as workflow

    return workflow.audit(options.study, overrides=options.overrides, earlier=options.earlier)


def _run_train(options: argparse.Namespace) -> Any:
    import icp_ml.workflow as workflow

    if options.out is None and not options.dry_run:
        raise UsageError("--out DIR is missing; expected a folder for the model. Give --out, or --dry-run.")
    return workflow.train(
        options.study, out=options.out, profile=options.profile, overrides=options.overrides, dry_run=options.dry_run
    )


def _run_review(options: argparse.Namespace) -> Any:
    import icp_ml.workflow as workflow

    return workflow.review(
        options.profile,
        options.study,
        options.model,
        out=options.out,
        prospects=options.prospects,
        overrides=options.overrides,
    )


def _run_simulate(options: argparse.Namespace) -> Any:
    import icp_ml.workflow as workflow

    names = ("customers", "prospects", "seed", "world", "leaks")
    return workflow.simulate(options.out, **{name: getattr(options, name) for name in names})


_NAMED = (
    "accounts",
    "customers",
    "prospects",
    "study",
    "model",
    "out",
    "earlier",
    "list_path",
    "previous",
    "seeds",
    "negatives",
    "by_seed",
    "segment",
    "p_close",
    "profile",
    "new",
)


def _ensure_named(options: argparse.Namespace) -> None:
    """Refuse a path that is empty, as a shell makes it of a variable that is not set: it would name this folder."""
    for name, value in vars(options).items():
        if value == [] and name != "overrides":  # what argparse makes of --name=--
            raise UsageError(f"{name.replace('_', '-')}: is '--'; expected a value. Give another.")
    for name in _NAMED:
        given, where = getattr(options, name, None), name.removesuffix("_path").replace("_", "-")
        if given == "":
            raise UsageError(f"{where}: is empty; expected a path or a name. Is a variable not set?")
        if isinstance(given, str) and _is_undecoded(given):
            came = f"'{os.fsencode(given).decode('utf-8', 'backslashreplace')}' is not UTF-8"
            raise UsageError(f"{where}: {came}; expected a name of UTF-8 characters. Rename the file or folder.")


def _is_undecoded(text: str) -> bool:
    """Tell whether a name has bytes that Python stands surrogates for, which no other reader takes."""
    return any("\udc80" <= letter <= "\udcff" for letter in text)


def _prepare_process(options: argparse.Namespace) -> None:
    signal.signal(signal.SIGTERM, _stop)
    logger = logging.getLogger("icp_ml")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.handlers[:] = [handler]
    logger.setLevel(logging.WARNING if options.quiet else logging.INFO)
    logger.propagate = False


def _stop(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _print_result(result: Any, *, as_json: bool) -> None:
    document = result.to_document() if as_json else None
    text = json.dumps(document, indent=2, allow_nan=False) if as_json else _CONTROL.sub("?", result.to_text())
    sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def _refuse_usage(text: str, *, as_json: bool) -> int:
    sys.stderr.write(f"{text}\n")
    if as_json:
        error = text.splitlines()[-1].partition(": error: ")[2]
        sys.stdout.write(json.dumps({"error": error, "exit_code": UsageError.exit_code}) + "\n")
    return UsageError.exit_code


def _refuse(options: argparse.Namespace, text: str, exit_code: int) -> int:
    sys.stderr.write(f"icp-ml {options.command}: {_CONTROL.sub('?', text)}\n")
    if options.json:
        sys.stdout.write(json.dumps({"error": text, "exit_code": exit_code}) + "\n")
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
