"""The errors a caller may want to tell apart, one class per exit code of the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

OFFENDERS_SHOWN = 5


class IcpError(Exception):
    """Anything this package refuses, with a message that says where, what came, what was expected and what to do."""

    exit_code = 1


class UsageError(IcpError):
    """A command or a call was used wrongly (exit code 2)."""

    exit_code = 2


class ConfigError(UsageError):
    """A study, profile or setting is not valid (exit code 2)."""


class DataError(IcpError):
    """Bytes were read and are not acceptable (exit code 4)."""

    exit_code = 4


class TooFewError(DataError):
    """There are too few accounts, successes or failures to do what was asked (exit code 4)."""


class LeakError(DataError):
    """An attribute knows the outcome, so no model was trained (exit code 4)."""


class ModelError(IcpError):
    """A model bundle was refused: damaged, of another format, or not ours (exit code 5)."""

    exit_code = 5


class FileSystemError(IcpError):
    """The operating system could not open, read, write or rename something (exit code 6)."""

    exit_code = 6


def message(where: object, came: str, expected: str, next_step: str) -> str:
    """Return one error message in the house form: where, what came, what was expected, what to do next.

    Examples
    --------
    >>> message("a.csv", "column 'x' has 2 negative values (rows 3, 17)", "0 or more", "Set them to missing")
    "a.csv: column 'x' has 2 negative values (rows 3, 17); expected 0 or more. Set them to missing."
    """
    return f"{where}: {came}; expected {expected}. {next_step.rstrip('.')}."


def first_rows(rows: Sequence[int] | Iterable[int], shown: int = OFFENDERS_SHOWN) -> str:
    """Return the first row numbers as text, with an ellipsis when there are more.

    Examples
    --------
    >>> first_rows([3, 17, 42, 51, 90, 91])
    'rows 3, 17, 42, 51, 90, ...'
    >>> first_rows([3])
    'row 3'
    """
    listed = list(rows)
    text = ", ".join(str(int(row)) for row in listed[:shown]) + (", ..." if len(listed) > shown else "")
    return f"{'row' if len(listed) == 1 else 'rows'} {text}"
