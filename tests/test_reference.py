"""The reference pages name everything there is: study keys, columns, metrics, gates, checks, commands and options."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from icp_ml.accounts import audit
from icp_ml.cli import build_parser
from icp_ml.errors import IcpError
from icp_ml.model.bundle import FORMAT_VERSION
from icp_ml.model.evaluation.gates import DEFAULT_GATES
from icp_ml.model.evaluation.metrics import METRICS
from icp_ml.prospects.columns import LIST_COLUMNS, PROBABILITIES, score_columns
from icp_ml.strict.yaml import parse_yaml
from icp_ml.study import NO_ROOM_YET, study_from_document
from icp_ml.study.schema import AttributeKey, Outcome, StudyFile

DOCS = Path(__file__).resolve().parents[1] / "docs"
SERIES = {f"{side}_{number}" for side in ("reason", "concern") for number in (1, 2, 3)}


def named(page: str) -> set[str]:
    """Return every word in code quotes of a page, such as `seed`, `model.stage` and `--set KEY=VALUE`."""
    spans = re.findall(r"`([^`\n]+)`", (DOCS / page).read_text(encoding="utf-8"))
    return {word for span in spans for word in re.findall(r"[A-Za-z0-9_-]+", span)}


def options_of(command: str) -> set[str]:
    """Return the long options of a command, and of the commands below it."""
    parsers = [build_parser()._subparsers._group_actions[0].choices[command]]
    if parsers[0]._subparsers is not None:
        parsers += parsers[0]._subparsers._group_actions[0].choices.values()
    return {option for each in parsers for action in each._actions for option in action.option_strings} - {"--help"}


def test_every_key_of_a_study_is_described():
    keys = {*StudyFile.model_fields, *Outcome.model_fields, *AttributeKey.model_fields}
    assert not keys - named("reference/study.md")


def test_keys_without_use_are_said_to_have_none():
    section = (DOCS / "reference/study.md").read_text(encoding="utf-8").partition("## Read, not used yet")[2]
    assert not {key for key in NO_ROOM_YET if f"| `{key}` |" not in section}


def test_the_study_shown_is_a_valid_one():
    blocks = re.findall(r"```yaml\n(.*?)```", (DOCS / "reference/study.md").read_text(encoding="utf-8"), re.DOTALL)
    (whole,) = [block for block in blocks if block.startswith("name:")]
    assert study_from_document(parse_yaml(whole, "page"), ".", "page").name == "acme-crm"


@pytest.mark.parametrize("kind", ["success", "hypothesis"])
def test_every_column_of_the_score_file_is_described(kind):
    columns = {*score_columns(kind), *PROBABILITIES, *LIST_COLUMNS} - SERIES - {"id"}
    assert not columns - named("reference/score-file.md")


def test_every_metric_and_gate_is_described():
    assert not {*METRICS, *DEFAULT_GATES} - named("reference/model.md")
    assert f"**Format version: {FORMAT_VERSION}.**" in (DOCS / "reference/model.md").read_text(encoding="utf-8")


def test_default_gates_are_those_of_the_page():
    page = (DOCS / "reference/model.md").read_text(encoding="utf-8")
    bars = {name: bar.strip() for name, bar in re.findall(r"^\| `(\w+)` \| ([-\d. to]+) \|", page, re.MULTILINE)}
    written = {name: tuple(map(float, bar.split(" to "))) for name, bar in bars.items()}
    ours = {name: bar if isinstance(bar, tuple) else (bar,) for name, bar in DEFAULT_GATES.items()}
    assert written == ours


@pytest.mark.parametrize("command", sorted(build_parser()._subparsers._group_actions[0].choices))
def test_every_command_and_option_is_described(command):
    words = named("reference/cli.md")
    assert command in words
    assert not options_of(command) - words - {"-h"}


def test_every_exit_code_is_described():
    page = (DOCS / "reference/cli.md").read_text(encoding="utf-8")
    codes = {0, 3, *(kind.exit_code for kind in IcpError.__subclasses__())}
    assert not {code for code in codes if f"| {code} | " not in page}


def test_every_check_of_the_audit_is_described():
    folder = Path(audit.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    checks = set(re.findall(r'Finding\([^,]+, "(\w+)"', source)) | set(re.findall(r'_mark_finding\("(\w+)"', source))
    assert len(checks) > 10
    assert not checks - named("reference/cli.md")


def test_the_map_of_the_documents_lists_every_page():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if path.name != "index.md"]
    assert not [page for page in pages if f"]({page})" not in index]
