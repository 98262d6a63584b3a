"""Rules of the portal's routes, one a subject, and the menu that follows from them: they cannot drift apart."""

from __future__ import annotations

from kuai.guard.access import public_route, route_rule
from kuai.guard.types import Role

ADMINISTRATORS = (
    Role.SYSTEM_ADMINISTRATOR,
    Role.SECURITY_ADMINISTRATOR,
    Role.AUDIT_ADMINISTRATOR,
)
# Everybody who works with places. Residents, administrators and child-welfare staff do not need the map for it.
SEES_BLOCKS = tuple(
    role for role in Role if role not in (*ADMINISTRATORS, Role.RESIDENT, Role.CHILD_WELFARE_WORKER)
)
SEES_SOURCES = (
    Role.DATA_STEWARD,
    Role.DEPARTMENT_CLERK,
    Role.SUBDISTRICT_CLERK,
    Role.LEADER,
    Role.AUDITOR,
)
# Refused rows hold what offices wrote: only who sends them back may take them out.
KEEPS_SOURCES = (Role.DATA_STEWARD,)
SEES_LEDGER = (Role.AUDITOR, Role.AUDIT_ADMINISTRATOR)
# The address library: who reads it, who confirms and imports, who files applications upward.
SEES_ADDRESSES = (
    Role.DATA_STEWARD,
    Role.SUBDISTRICT_CLERK,
    Role.GRID_WORKER,
    Role.DEPARTMENT_CLERK,
    Role.LEADER,
    Role.AUDITOR,
)
KEEPS_ADDRESSES = (Role.DATA_STEWARD,)
FILES_ADDRESSES = (Role.SUBDISTRICT_CLERK, Role.DATA_STEWARD)
# Who looks at persons whom linkage holds back, and says who is whom.
REVIEWS_RECORDS = (Role.DATA_STEWARD, Role.DEPARTMENT_CLERK)
# Children nobody is named for as guardian: nobody else, stewards, leaders and administrators included.
SEES_WELFARE = (Role.CHILD_WELFARE_WORKER,)
# Facts by code: who contests and verifies them; who writes to departments; who settles what they answer.
SEES_FACTS = (
    Role.DATA_STEWARD,
    Role.DEPARTMENT_CLERK,
    Role.SUBDISTRICT_CLERK,
    Role.GRID_WORKER,
)
KEEPS_CASES = (Role.DATA_STEWARD, Role.DEPARTMENT_CLERK)
# Whose live work issues tickets about persons, in the core zone.
DOES_TASKS = (
    Role.DATA_STEWARD,
    Role.SUBDISTRICT_CLERK,
    Role.GRID_WORKER,
    Role.DEPARTMENT_CLERK,
    Role.OFFICER,
    Role.CHECKER,
)
# Who sees the person whose login they confirm.
BINDS_RESIDENTS = (Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK)
READS_OWN_FILE = (Role.RESIDENT,)
EVERYBODY = tuple(Role)

# `public_route` is for whoever comes; the others need a login with one of the roles.
anybody = public_route
sees_home = route_rule("home.view", purpose="public_information", roles=EVERYBODY)
leaves = route_rule(
    "accounts.leave",
    purpose="public_information",
    roles=EVERYBODY,
    public=True,
    before_password_change=True,
)
changes_password = route_rule(
    "accounts.change_password",
    purpose="public_information",
    roles=EVERYBODY,
    before_password_change=True,
)
sees_blocks = route_rule("blocks.view", purpose="block_statistics", roles=SEES_BLOCKS)
# Places and organisations by day and belief: what is public of them, nobody.
sees_elements = route_rule("elements.view", purpose="block_statistics", roles=SEES_BLOCKS)
# Figures taken out of the house: with a reason, each time an entry of its own.
exports_figures = route_rule("blocks.export", purpose="block_statistics", roles=SEES_BLOCKS)
# A building room by room, by premises facts alone; the reader's own ground only.
sees_floor_plans = route_rule("blocks.floor_plan", purpose="block_statistics", roles=SEES_BLOCKS)
draws_areas = route_rule("areas.draw", purpose="block_statistics", roles=SEES_BLOCKS)
searches = route_rule("search.places", purpose="block_statistics", roles=SEES_BLOCKS)
sees_sources = route_rule("sources.view", purpose="source_keeping", roles=SEES_SOURCES)
takes_refused_rows = route_rule(
    "sources.refused_rows", purpose="source_keeping", roles=KEEPS_SOURCES
)
# What somebody wrote in a refused row takes a ticket of the upload it came in by.
takes_return_ticket = route_rule(
    "sources.return_ticket", purpose="source_keeping", roles=KEEPS_SOURCES
)
opens_refused_values = route_rule(
    "sources.refused_values", purpose="record_review", roles=KEEPS_SOURCES, tickets="person"
)
uploads = route_rule("sources.upload", purpose="source_keeping", roles=KEEPS_SOURCES)
sees_ledger = route_rule("ledger.view", purpose="audit", roles=SEES_LEDGER)
washes_one_address = route_rule("addresses.explain", purpose="address_upkeep", roles=SEES_ADDRESSES)
confirms_aliases = route_rule("addresses.aliases", purpose="address_upkeep", roles=KEEPS_ADDRESSES)
sees_proposals = route_rule("addresses.proposals", purpose="address_upkeep", roles=FILES_ADDRESSES)
refreshes_proposals = route_rule(
    "addresses.refresh_proposals", purpose="address_upkeep", roles=KEEPS_ADDRESSES
)
files_applications = route_rule(
    "addresses.applications", purpose="address_upkeep", roles=FILES_ADDRESSES
)
answers_applications = route_rule(
    "addresses.answer_applications", purpose="address_upkeep", roles=KEEPS_ADDRESSES
)
reads_library = route_rule("addresses.library", purpose="address_upkeep", roles=SEES_ADDRESSES)
keeps_library = route_rule(
    "addresses.keep_library", purpose="address_upkeep", roles=KEEPS_ADDRESSES
)
# The interface for programmes. Type-ahead and reverse show places only; a wash takes in what offices wrote.
suggests_places = route_rule("addresses.suggest", purpose="block_statistics", roles=SEES_BLOCKS)
asks_for_places = route_rule("addresses.reverse", purpose="block_statistics", roles=SEES_BLOCKS)
washes_texts = route_rule("addresses.wash", purpose="address_upkeep", roles=SEES_ADDRESSES)
reconciles = route_rule("addresses.reconcile", purpose="address_upkeep", roles=SEES_ADDRESSES)
# Questions show codes and how values agree; a value itself takes the ticket of a review.
reviews_records = route_rule("reviews.decide", purpose="fact_upkeep", roles=REVIEWS_RECORDS)
reads_for_review = route_rule(
    "reviews.read", purpose="record_review", roles=REVIEWS_RECORDS, tickets="person"
)
sees_welfare = route_rule("welfare.view", purpose="child_welfare_duty", roles=SEES_WELFARE)
takes_welfare_ticket = route_rule(
    "welfare.ticket", purpose="child_welfare_duty", roles=SEES_WELFARE
)
opens_welfare_file = route_rule(
    "welfare.open", purpose="child_welfare", roles=SEES_WELFARE, tickets="person"
)
sees_facts = route_rule("facts.view", purpose="fact_upkeep", roles=SEES_FACTS)
decides_facts = route_rule("facts.decide", purpose="fact_upkeep", roles=SEES_FACTS)
keeps_cases = route_rule("facts.keep_cases", purpose="fact_upkeep", roles=KEEPS_CASES)
settles_cases = route_rule("facts.settle_cases", purpose="fact_upkeep", roles=(Role.DATA_STEWARD,))
# The list shows purposes and times; a person is shown by the ticket that comes along in the form.
does_tasks = route_rule("tasks.view", purpose="ticketed_work", roles=DOES_TASKS)
opens_tasks = route_rule("tasks.open", purpose="ticketed_work", roles=DOES_TASKS, tickets="person")
binds_residents = route_rule(
    "tasks.bind", purpose="ticketed_work", roles=BINDS_RESIDENTS, tickets="person"
)
# Nobody but the person: whose file it is comes from the login.
reads_own_file = route_rule("residents.own", purpose="own_data", roles=READS_OWN_FILE)
