"""Arrows point one way, heavy libraries have one home, and the front door is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# From the bottom up: a room imports itself and rooms of an earlier line, never its own line's neighbours.
LINES = (
    ("errors", "names"),
    ("outputs", "strict", "rules"),
    ("study",),
    ("accounts", "fits"),
    ("model",),
    ("economics",),
    ("prospects",),
    ("icp",),
    ("lifecycle",),
    ("report",),
    ("workflow",),
    ("cli_profile", "cli_prospects"),
    ("cli",),
    ("training",),
)
FITS_MAY_KNOW = {"fits", "errors", "names"}

HOMES = {
    "lightgbm": ("icp_ml/model/",),
    "shap": ("icp_ml/model/",),
    "faiss": ("icp_ml/model/",),
    "lifelines": ("icp_ml/economics/",),
    "pyspark": ("icp_ml/prospects/engines/",),
    "mlflow": ("icp_ml/lifecycle/",),
    "jinja2": ("icp_ml/report/",),
    "matplotlib": ("icp_ml/report/",),
    "pydantic": ("icp_ml/study", "icp_ml/strict/model.py", "icp_ml/icp/profile.py"),
}
# From accounts upward arithmetic is free; below it, reading a study or refusing a call needs none.
ARITHMETIC = {"numpy", "pandas", "scipy", "sklearn", "pyarrow"}
BELOW_ARITHMETIC = {
    "errors",
    "names",
    "outputs",
    "strict",
    "study",
}


def modules() -> list[Path]:
    return sorted([*ROOT.glob("icp_ml/**/*.py"), *ROOT.glob("training/**/*.py")])


def room_of(module: Path) -> str:
    parts = module.relative_to(ROOT).with_suffix("").parts
    return parts[0] if parts[0] == "training" else parts[1]


def imports_of(module: Path) -> Iterator[str]:
    """Yield the dotted names a module imports, also inside functions and for the type checker only."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import in line {node.lineno}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def line_of(room: str) -> int:
    return next(number for number, line in enumerate(LINES) if room in line)


def rooms_imported(module: Path) -> set[str]:
    """Return the rooms of ours that a module imports; ``from icp_ml import __version__`` is none of them."""
    names = [name.split(".") for name in imports_of(module)]
    ours = {name[1] for name in names if name[0] == "icp_ml" and len(name) > 1 and not name[1].startswith("__")}
    return ours | {"training" for name in names if name[0] == "training"}


def may_import(room: str, other: str) -> bool:
    if room == "fits":
        return other in FITS_MAY_KNOW
    if line_of(other) == line_of(room):
        return other == room
    return line_of(other) < line_of(room)


def in_rooms() -> list[Path]:
    """Every module but the front door, which only hands out what lies in the rooms."""
    return [module for module in modules() if module != ROOT / "icp_ml" / "__init__.py"]


def test_every_room_has_a_line():
    known = {room for line in LINES for room in line}
    assert {room_of(module) for module in in_rooms()} <= known


def test_arrows_point_one_way():
    crossed = [
        f"{module.relative_to(ROOT)} imports {other}"
        for module in in_rooms()
        for other in sorted(rooms_imported(module))
        if not may_import(room_of(module), other)
    ]
    assert not crossed


def test_heavy_libraries_stay_at_home():
    strays = [
        f"{module.relative_to(ROOT)} imports {library}"
        for module in modules()
        for library in sorted({name.split(".")[0] for name in imports_of(module)} & set(HOMES))
        if not module.relative_to(ROOT).as_posix().startswith(HOMES[library])
    ]
    assert not strays


def test_reading_a_study_needs_no_arithmetic():
    strays = [
        f"{module.relative_to(ROOT)} imports {name}"
        for module in in_rooms()
        if room_of(module) in BELOW_ARITHMETIC
        for name in imports_of(module)
        if name.split(".")[0] in ARITHMETIC
    ]
    assert not strays


@pytest.mark.parametrize("door", ["import icp_ml", "import icp_ml.cli", "from icp_ml import cli; cli.build_parser()"])
def test_the_front_door_is_light(door):
    heavy = sorted({*HOMES, *ARITHMETIC, "yaml", "filelock"})
    code = f"import sys; {door}; print(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_module_is_a_chapter_not_a_book():
    lengths = {str(module.relative_to(ROOT)): len(module.read_text().splitlines()) for module in modules()}
    assert not {name: length for name, length in lengths.items() if length > 500}


def test_no_module_waits_for_itself():
    """What is imported when a module loads, within the rooms too, has an order."""
    dotted = {".".join(module.relative_to(ROOT).with_suffix("").parts): module for module in in_rooms()}
    graph = {name: imported_on_load(module) & set(dotted) - {name} for name, module in dotted.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(dotted)


def imported_on_load(module: Path) -> set[str]:
    body = ast.parse(module.read_text(encoding="utf-8")).body
    froms = [node for node in body if isinstance(node, ast.ImportFrom)]
    return {node.module or "" for node in froms} | {f"{node.module}.{a.name}" for node in froms for a in node.names}
