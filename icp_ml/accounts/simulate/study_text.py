"""The study and the profile of the simulated company, as a team would write them."""

from __future__ import annotations

from datetime import date, timedelta

STUDY = """\
# A simulated company that sells revenue-operations software. Everything here is invented; the truth is in truth/.
name: simulated-revops
accounts: customers.parquet
prospects: prospects.parquet
id: account_id
as_of: signed_on                     # attributes were known on the day the contract was signed
group: parent_id                     # companies of one parent never sit on both sides of a split
outcome:
  horizon_days: 365                  # success: still a customer at the end of day 365
  ended: churned_on                  # empty: still a customer
  observed_until: 2026-06-30
fits:
  technical:                         # does their stack work with the product?
    - crm
    - {column: integrations, effect: increasing}
    - {column: data_quality, available: discovery}       # measured in the discovery call
    - {column: hosting, proxy: true}                     # stands in for how open their systems are
    - {column: stack_age, point_in_time: false}          # today's age, not that of the day of signing
  functional:                        # does it do the job they need done?
    - use_case
    - {column: jobs_covered, effect: increasing}         # of eight jobs that buyers ask for
    - reports_needed
  resource:                          # can they spend the money, people and time?
    - {column: team_size, effect: increasing}
    - {column: success_budget, available: discovery, changeable: true}
    - {column: open_ops_roles, changeable: true}
    - offices
  competence:                        # do they have the skills?
    - {column: analysts, effect: increasing}
    - prior_tools
    - certifications
  experience:                        # can we give the support that they expect?
    - support_tier_needed
    - {column: onboarding_model, available: customer}    # agreed in the contract
    - languages
  cultural:                          # do the ways of working match?
    - decision_style
    - {column: sponsor_rating, available: discovery, entered_on: rated_on}
    - reads_newsletter
context: [industry, region, channel, founded_on, site_visits]
map_reviewed: {by: simulator, on: 2026-06-30}
deals:                               # every deal won, lost and open
  {table: deals.csv, account: account_id, opened: opened_on, closed: closed_on, won: is_won, value: amount,
   channel: channel}
status:                              # where accounts stand today
  column: lifecycle
  customer: [Active]
  churned: [Churned]
  at_risk: [At risk]
  pipeline: [Open deal]
  trial_lost: [Trial ended]
desired_outcome: wanted              # what they want to achieve
segments: [channel, region]
rule: team_size >= 10                # today's rule, a baseline to beat
capacity: 200                        # accounts the team can work per quarter
labels:
  integrations: integrations in use
  data_quality: share of complete CRM records
  jobs_covered: jobs to be done that we cover
  team_size: people in revenue operations
  success_budget: budget for roll-out and training, EUR
  open_ops_roles: open operations roles
  analysts: analysts
  prior_tools: tool used before
  support_tier_needed: support they need
  onboarding_model: onboarding they need
  decision_style: who decides
  sponsor_rating: sponsor rated by the account manager, 1 to 5
  reports_needed: reports asked for
  site_visits: website visits in 90 days
pass_through: [company]
seed: 0
"""

LEAKS_IN_STUDY = {
    "count_after": ("  experience:", "tickets_closed"),
    "reason": ("  functional:", "lost_reason"),
    "identifier": ("  technical:", "ledger_no"),
    "soft_score": ("  competence:", "health_score"),
    "rounding": ("  resource:", "revenue_estimate"),
}
"""Where the study of a company with planted leaks lists each of them: after which line, and the column."""

PROFILE = """\
# The hypothesis of the simulated company for one quarter. Each criterion can be contradicted by the data.
name: simulated-midmarket
version: 1
situation:
  starts: {starts}
  ends: {ends}
  mode: acquisition
  goal: {{measure: revenue, target: {target}}}
  capabilities:
    - {{name: round_the_clock_support, have: false, needs: "support_tier_needed == 'Around the clock'"}}
    - {{name: hubspot_connector, have_since: 2025-09-01, needs: "crm == HubSpot"}}
    - {{name: onboarding, per_period: {per_period}}}
  milestones:                        # a third of the goal after each third of the time
    - {{on: {first}, measure: goal, at_least: {third}}}
    - {{on: {second}, measure: goal, at_least: {two_thirds}}}
criteria:
  - "integrations >= 4"
  - "jobs_covered >= 4"
  - "team_size >= 10"
  - "region in [DACH, Benelux, Nordics]"
progress: progress.csv
"""


def study_text(leaks: tuple[str, ...] = ()) -> str:
    """Return the study file as text, with the planted leaks listed among the attributes of a fit."""
    lines = STUDY.splitlines(keepends=True)
    for leak in leaks:
        fit, column = LEAKS_IN_STUDY[leak]
        position = next(i for i, line in enumerate(lines) if line.startswith(fit))
        lines.insert(position + 1, f"    - {column}    # planted leak\n")
    return "".join(lines)


def profile_text(starts: date, ends: date, target: int, per_period: int) -> str:
    """Return the profile file as text; ``per_period`` accounts can be onboarded in the situation."""
    third = ((ends - starts).days + 1) // 3
    first, second = (starts + timedelta(days=n * third - 1) for n in (1, 2))
    parts = {"third": round(target / 3000) * 1000, "two_thirds": round(2 * target / 3000) * 1000}
    return PROFILE.format(
        starts=starts, ends=ends, target=target, per_period=per_period, first=first, second=second, **parts
    )
