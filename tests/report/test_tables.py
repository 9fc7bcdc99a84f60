"""Tables hold the numbers of the documents, as text, in both formats."""

from __future__ import annotations

from icp_ml.report.markup import html_sentence, markdown_sentence, markdown_table
from icp_ml.report.tables import account_tables, tables_of
from icp_ml.report.tables.table import number, table


def row_of(made, name):
    return next(row for row in made.rows if row[0] == name)


def test_every_row_has_a_cell_per_column(full_facts, documents):
    made = [*tables_of(full_facts).values(), *account_tables(documents.ACCOUNT).values()]
    flat = [one for item in made for one in (item if isinstance(item, list) else [item]) if one]
    assert len(flat) > 25
    assert all(len(row) == len(one.columns) for one in flat for row in one.rows)


def test_no_chapter_no_table(facts):
    made = tables_of(facts | {"origins": None, "importance": None, "slices": None, "surprises": None})
    assert made["origins"] is made["importance"] is made["low_successes"] is None
    assert made["slices"] == []


def test_slices_show_points_and_leave_small_ones_blank(full_facts):
    made = tables_of(full_facts)["slices"][0]
    assert row_of(made, "ads")[4] == "-3 (-11 to +5)"
    assert row_of(made, "(not known)")[1:] == ("7", "", "", "", "", "", "too few (7)")


def test_only_sensitive_slices_compare_who_is_chosen(full_facts):
    segment, sensitive = tables_of(full_facts)["slices"]
    titles = [[column.title for column in made.columns] for made in (segment, sensitive)]
    assert ["Ratio to the others (90 %)" in each for each in titles] == [False, True]


def test_importance_names_ties_and_what_is_not_measured(full_facts):
    made = tables_of(full_facts)["importance"]
    assert row_of(made, "technical")[-2:] == ("yes", "resource")
    assert row_of(made, "cultural")[1] == "not measured"


def test_power_says_when_nothing_can_be_seen(full_facts):
    assert tables_of(full_facts)["power"].rows[1] == ("10 % of accounts", "20", "not even 100")


def test_notes_are_kept_apart_from_warnings(facts):
    note = {"severity": "note", "check": "x", "column": "a", "evidence": "b", "next_step": "c", "count": 1}
    made = tables_of({**facts, "findings": [note, note | {"severity": "warning"}]})
    assert (len(made["findings"].rows), len(made["serious"].rows), len(made["minor"].rows)) == (2, 1, 1)


def test_markdown_tables_keep_their_columns():
    made = table("a|b", ("x|y", number("n")), [["c|d", 1200]])
    assert markdown_table(made) == "\n**a\\|b**\n\n| x\\|y | n |\n|---|---|\n| c\\|d | 1,200 |\n"
    assert markdown_table(None) == ""


def test_code_is_marked_after_escaping():
    assert html_sentence("`<b>` & x") == "<code>&lt;b&gt;</code> &amp; x"


def test_a_missing_chapter_says_why():
    assert markdown_sentence(None, "Not measured.") == "\nNot measured.\n"
    assert markdown_sentence({"sentence": "Found."}, "Not measured.") == "\nFound.\n"
    assert markdown_sentence({"sentence": ""}, "Not measured.") == ""
