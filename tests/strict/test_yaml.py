import math

import pytest

from icp_ml.errors import ConfigError, FileSystemError, UsageError
from icp_ml.strict.yaml import MAX_BYTES, load_yaml, parse_yaml


@pytest.mark.parametrize(
    "text", ["NO", "yes", "Yes", "on", "off", "12:30", "2026-06-30", "1_000", "0b1", "=", "<<", "08:1"]
)
def test_surprising_words_stay_text(text):
    assert parse_yaml(f"key: {text}", "a.yaml") == {"key": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 1e5),
        ("-7", -7),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("0o17", 15),
        ("0xFf", 255),
        ("010", 10),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("'1'", "1"),
        ('"true"', "true"),
        ("|\n  a\n  b", "a\nb"),
        ("[a, 1]", ["a", 1]),
        ("{a: {b: c}}", {"a": {"b": "c"}}),
    ],
)
def test_core_schema(text, value):
    found = parse_yaml(f"key: {text}", "a.yaml")["key"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_text():
    assert parse_yaml("{1: a, true: b, null: c}", "a.yaml") == {"1": "a", "true": "b", "null": "c"}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2", r"a\.yaml:4: key 'c' appears twice"),
        ("a: !!python/object/apply:os.system [ls]", r"a\.yaml:1: tag"),
        ("a: !local b", r"a\.yaml:1: tag '!local'"),
        ("a: ! b", r"a\.yaml:1: tag '!'"),
        ("!!map {a: b}", r"a\.yaml:1: tag"),
        ("a: &x 1\nb: 2", r"a\.yaml:1: anchor '&x'"),
        ("a: 1\nb: *x", r"a\.yaml:2: alias '\*x'"),
        ("&k a: 1", r"a\.yaml:1: anchor"),
        ("? [a]\n: 1", "list or mapping as a key"),
        ("a: 1\n---\nb: 2", "a second document"),
        ("a: [", r"a\.yaml:1: not valid YAML"),
        ("a: 1\n\tb: 2", r"a\.yaml:2: not valid YAML"),
        ("a: \x00", "not valid YAML"),
        ('a: "\\ud800"', "lone surrogate"),
        ("", "the file is empty"),
        ("# only a comment", "the file is empty"),
        ("- a\n- b", "the top level is a list"),
        ("word", "the top level is a single value"),
        ("a: " + "9" * 5000, "a number of 5000 digits"),
        ("a: " + "[" * 5000, "more than 40 levels"),
        ("a: '" + "x" * MAX_BYTES + "'", "more than 1,000,000 bytes"),
    ],
)
def test_refused(text, match):
    with pytest.raises(ConfigError, match=match):
        parse_yaml(text, "a.yaml")


def test_reads_a_file_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffname: Zürich".encode())
    assert load_yaml(path) == {"name": "Zürich"}


def test_a_file_that_is_not_utf8(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes("name: Zürich".encode("latin-1"))
    with pytest.raises(ConfigError, match="byte 7 is not UTF-8"):
        load_yaml(path)


def test_a_missing_file_is_the_systems_error(tmp_path):
    with pytest.raises(FileSystemError, match="No such file"):
        load_yaml(tmp_path / "none.yaml")


def test_a_folder_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="a folder"):
        load_yaml(tmp_path)
