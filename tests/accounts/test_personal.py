import pytest

from icp_ml.accounts.personal import personal_kind, shown


@pytest.mark.parametrize(
    "column",
    ["email", "ownerEmail", "e_mail", "Contact E-Mail", "first_name", "LastName", "phone", "date_of_birth", "IBAN"],
)
def test_names_of_personal_columns(column):
    assert personal_kind(column)


@pytest.mark.parametrize(
    "column",
    ["company_name", "n_emails", "email_opens", "employees", "owner", "mailing_tool", "crm", "phone_count", "zip"],
)
def test_names_of_other_columns(column):
    assert personal_kind(column) is None


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["ann@example.org", None, "x"], "e-mail addresses"),
        (["+49 170 1234567", "0041-44-123 45 67"], "phone numbers"),
        (["10.0.0.1", "10.0.0.2"], "network addresses of persons"),
        (["salesforce", "hubspot"], None),
        (["1.2.3", "2026-01-01"], None),
        (["x"] * 99 + ["ann@example.org"], None),
        ([], None),
    ],
)
def test_values_of_personal_columns(cells, kind):
    assert personal_kind("notes", cells) == kind


@pytest.mark.parametrize(
    ("column", "value"), [("email", "x"), ("notes", "call ann@example.org"), ("n", "+49 170 1234567")]
)
def test_values_of_persons_are_not_shown(column, value):
    assert shown(column, value) == "a value not shown"


def test_long_values_are_cut():
    assert len(shown("notes", "x" * 1000)) < 50
