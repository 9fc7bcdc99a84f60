"""Sessions for several Pythons and for the oldest libraries we promise; the everyday commands are in the Makefile."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import nox

PYTHONS = ("3.11", "3.12", "3.13")
LOCK = "requirements.lock"
nox.options.sessions = ["tests", "lint", "docs"]
nox.options.error_on_missing_interpreters = False


def install_locked(session: nox.Session) -> None:
    """Install what the lock file pins, by hash, and this tree."""
    session.install("--require-hashes", "-r", LOCK)
    session.install("--no-deps", "--no-build-isolation", "-e", ".")


def oldest(requirement: str) -> str:
    """Return the newest patch of the oldest release a requirement allows: ``a>=1.2,<3`` gives ``a==1.2.*``."""
    match = re.match(r"(?P<name>[\w.-]+)>=(?P<version>[\d.]+)", requirement)
    if match is None:
        raise ValueError(f"{requirement!r} has no lower bound")
    return f"{match['name']}=={match['version']}.*"


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run every test on the locked versions."""
    install_locked(session)
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(name="oldest", python=PYTHONS[0])
def oldest_versions(session: nox.Session) -> None:
    """Run every test on the oldest releases that pyproject.toml allows."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    constraints = Path(session.create_tmp()) / "oldest.txt"
    constraints.write_text("\n".join(map(oldest, project["dependencies"])) + "\n")
    session.install("--constraint", str(constraints), "-e", ".[dev]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python=PYTHONS[0])
def lint(session: nox.Session) -> None:
    """Check style and types."""
    install_locked(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session(python=PYTHONS[0])
def docs(session: nox.Session) -> None:
    """Run the doctests and check links, commands and examples of the documents."""
    install_locked(session)
    session.run("python", "-m", "pytest", "--doctest-modules", "icp_ml")
    session.run("python", "-m", "pytest", "tests/test_docs.py")
