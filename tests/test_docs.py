"""The documents are true: links lead somewhere, commands parse, examples run, and nothing in the tree is out of place.

A fenced block that starts with ```` ```python run ```` is run here; the blocks of one page share their names, in order.
"""

from __future__ import annotations

import argparse
import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from icp_ml import cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=fence)\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(<?(?P<target>[^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
IMAGE_TAG = re.compile(r"<(?:img|a)\b[^>]*\b(?:src|href)=\"(?P<target>[^\"]+)\"")
SPAN = re.compile(r"`(icp-ml [^`\n]+)`")

page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files of the tree; outside a checkout (an unpacked archive) whatever lies in the source folders."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return tuple(path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file())
    folders = ("icp_ml", "training", "tests", "docs", "configs", "benchmarks", "notebooks", ".ci")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]
    return tuple(path for path in [*ROOT.glob("*"), *found] if path.is_file())


def sources(*folders: str) -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders]


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and text of every tracked text file."""
    for path in tracked():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


# --- links -----------------------------------------------------------------------------------------------------------


def anchors_of(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+\s+(.+?)\s*#*$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def links_of(path: Path) -> set[str]:
    prose = FENCE.sub("", path.read_text(encoding="utf-8"))
    return {match["target"] for pattern in (LINK, IMAGE_TAG) for match in pattern.finditer(prose)}


def is_broken(path: Path, target: str) -> bool:
    if re.match(r"[a-z]+:", target):
        return False
    name, _, anchor = target.partition("#")
    other = (path.parent / name).resolve() if name else path
    if not other.exists() or not other.is_relative_to(ROOT):
        return True
    return bool(anchor) and other.suffix == ".md" and anchor not in anchors_of(other)


@page
def test_relative_links_lead_somewhere(path):
    assert not sorted(target for target in links_of(path) if is_broken(path, target))


# --- commands --------------------------------------------------------------------------------------------------------


class _NotParsedError(Exception):
    """The parser refused."""


def parser_that_raises() -> argparse.ArgumentParser:
    parser = cli.build_parser()

    def refuse(text: str) -> None:
        raise _NotParsedError(text)

    for each in all_of(parser):
        each.error = refuse  # type: ignore[method-assign,assignment]
    return parser


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    groups = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(groups[0]) if groups else {}


def all_of(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Return a parser and those of its commands, and of theirs."""
    return [parser, *(each for inner in commands_of(parser).values() for each in all_of(inner))]


def fenced_commands(path: Path) -> Iterator[str]:
    """Yield every `icp-ml` command of the shell blocks, continuation lines joined, prompts and comments removed."""
    for match in FENCE.finditer(path.read_text(encoding="utf-8")):
        if match["info"].strip().split(" ")[0] in {"", "sh", "bash", "shell", "console", "text"}:
            for line in match["body"].replace("\\\n", " ").splitlines():
                words = re.split(r"\s(?:&&|\|\|?|;|>)\s", line.strip().removeprefix("$ "))
                yield from (word.strip() for word in words if re.match(r"(\S*/)?icp-ml\s", word.strip()))


def refusal(command: str) -> str | None:
    """Return why the real parser refuses a command line, or None."""
    try:
        parser_that_raises().parse_args(shlex.split(command, comments=True)[1:])
    except SystemExit as end:  # --help and --version
        return None if not end.code else str(end.code)
    except _NotParsedError as error:
        return str(error)
    return None


def unknown_words(span: str) -> list[str]:
    """Return the command and options of an inline mention that do not exist; it need not be complete."""
    words = shlex.split(span.replace("|", " "))[1:]
    commands = commands_of(cli.build_parser())
    if not words or words[0].startswith("-") or words[0] in {"COMMAND", "..."}:
        return []
    if words[0] not in commands:
        return [words[0]]
    parsers = all_of(commands[words[0]])
    options = {option for each in parsers for action in each._actions for option in action.option_strings}
    return [word for word in words if word.startswith("--") and word.strip("[]").partition("=")[0] not in options]


@page
def test_commands_in_blocks_parse(path, capsys):
    refused = {command: why for command in fenced_commands(path) if (why := refusal(command))}
    assert not refused


@page
def test_commands_in_the_text_exist(path):
    prose = FENCE.sub("", path.read_text(encoding="utf-8"))
    assert not {span: words for span in SPAN.findall(prose) if (words := unknown_words(span))}


def test_a_command_that_does_not_exist_is_noticed():
    assert "invalid choice" in (refusal("icp-ml brew --strong") or "")
    assert "unrecognized" in (refusal("icp-ml train s.yaml --out m --strong") or "")
    assert refusal("icp-ml train s.yaml --out m --set seed=1  # a comment") is None
    assert unknown_words("icp-ml train --strong") == ["--strong"]
    assert unknown_words("icp-ml profile decide --by NAME --strong") == ["--strong"]
    assert "unrecognized" in (refusal("icp-ml profile diff a.yaml b.yaml --strong") or "")


# --- examples --------------------------------------------------------------------------------------------------------


def runnable(path: Path) -> list[str]:
    blocks = FENCE.finditer(path.read_text(encoding="utf-8"))
    return [block["body"] for block in blocks if block["info"].split() == ["python", "run"]]


@pytest.mark.parametrize(
    "path", [path for path in PAGES if runnable(path)], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_examples_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    for number, block in enumerate(runnable(path), start=1):
        exec(compile(block, f"{path.name}, example {number}", "exec"), names)


# --- docstrings ------------------------------------------------------------------------------------------------------


def undocumented(tree: ast.Module) -> Iterator[str]:
    """Yield the public functions, classes and methods without a docstring; a property's setter needs none."""
    if ast.get_docstring(tree) is None:
        yield "the module"
    holders: list[tuple[str, ast.Module | ast.ClassDef]] = [("", tree)]
    while holders:
        prefix, holder = holders.pop()
        for node in holder.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if ast.get_docstring(node) is None and not any("setter" in ast.unparse(d) for d in node.decorator_list):
                yield prefix + node.name
            if isinstance(node, ast.ClassDef):
                holders.append((f"{prefix}{node.name}.", node))


def test_every_public_name_says_what_it_is():
    paths = [
        path for path in tracked() if path.suffix == ".py" and path.parts[len(ROOT.parts)] in {"icp_ml", "training"}
    ]
    missing = {str(path.relative_to(ROOT)): list(undocumented(ast.parse(path.read_text()))) for path in paths}
    assert not {name: found for name, found in missing.items() if found}


# --- what must not be in the tree ------------------------------------------------------------------------------------

# Written apart, so that this file does not find itself.
HOSTS = ("py" + "pi.org", "python" + "hosted", "conda" + ".anaconda", "npm" + "js", "deb." + "debian", "docker" + ".io")
FOLDERS = ("ro" + "ot", "ho" + "me", "Us" + "ers", "wo" + "rk", "fa" + "rm")
OUT_OF_PLACE = re.compile(
    "|".join(re.escape(host) for host in HOSTS)
    + r"|--(?:extra-)?index-url[ =]"
    + rf"|(?<![\w.\-/:}}\])<])/(?:{'|'.join(FOLDERS)})/\w"
)
# Loading these can run code.
CODE_LOADERS = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "skops", "jsonpickle"}
CODE_CALLS = {"eval", "exec", "compile", "__import__", "read_pickle", "to_pickle", "unsafe_load", "full_load"}
CODE_CALLS |= {"pyfunc.load_model", "os.system", "os.popen"}


def test_no_registry_host_and_no_path_of_one_machine():
    found = {name: [match[0] for match in OUT_OF_PLACE.finditer(text)] for name, text in texts()}
    assert not {name: sorted(set(hits)) for name, hits in found.items() if hits}


def test_the_lock_file_pins_every_package_by_hash():
    text = (ROOT / "requirements.lock").read_text()
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert len(entries) > 90
    assert not [entry.split()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]
    assert "://" not in text


def dangers(tree: ast.Module) -> Iterator[str]:
    """Yield what could run code that came as data: imports of picklers, eval and its kin, pickled NumPy, shells."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in CODE_LOADERS)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in CODE_LOADERS:
            yield str(node.module)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in CODE_CALLS or any(called.endswith(f".{name}") for name in CODE_CALLS - {"compile"}):
                yield called
            yield from (
                f"{called}({key.arg}=True)"
                for key in node.keywords
                if key.arg in {"shell", "allow_pickle"} and getattr(key.value, "value", None) is True
            )


def test_nothing_unpickles_or_evaluates():
    paths = sources("icp_ml", "training", "benchmarks", "notebooks")
    found = {str(path.relative_to(ROOT)): sorted(dangers(ast.parse(path.read_text()))) for path in paths}
    assert not {name: hits for name, hits in found.items() if hits}


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "eval(text)",
        "pd.read_pickle(path)",
        "np.load(path, allow_pickle=True)",
        "yaml.unsafe_load(text)",
        "subprocess.run(text, shell=True)",
        "mlflow.pyfunc.load_model(uri)",
    ],
)
def test_a_danger_is_noticed(line):
    assert list(dangers(ast.parse(line)))


@pytest.mark.parametrize("line", ["re.compile(text)", "json.loads(text)", "np.load(path, allow_pickle=False)"])
def test_what_is_harmless_is_left_alone(line):
    assert not list(dangers(ast.parse(line)))


def test_a_path_of_one_machine_is_noticed():
    assert OUT_OF_PLACE.search("open('/" + FOLDERS[1] + "/me/x')")
    assert not OUT_OF_PLACE.search("docs/" + FOLDERS[3] + "/x and /usr/bin/chromium and /path/study.yaml")
