"""The rule of every command: does it touch persons, and who may run it. A command without one fails a house test."""

from __future__ import annotations

from kuai.guard.command_rules import command_rule
from kuai.guard.types import Role

STEWARDS = (Role.DATA_STEWARD, Role.SYSTEM_ADMINISTRATOR)
READERS = (Role.DATA_STEWARD, Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK, Role.LEADER)
AUDITORS = (Role.AUDITOR, Role.AUDIT_ADMINISTRATOR)
SECURITY = (Role.SECURITY_ADMINISTRATOR,)
REVIEWERS = (Role.DATA_STEWARD, Role.DEPARTMENT_CLERK)
OPERATORS = (Role.SYSTEM_ADMINISTRATOR,)
KEEPERS = (Role.DATA_STEWARD,)
FILERS = (Role.DATA_STEWARD, Role.SUBDISTRICT_CLERK)
CONTESTING = (
    Role.DATA_STEWARD,
    Role.DEPARTMENT_CLERK,
    Role.SUBDISTRICT_CLERK,
    Role.GRID_WORKER,
)
VERIFYING = (Role.DEPARTMENT_CLERK, Role.SUBDISTRICT_CLERK, Role.GRID_WORKER)
ENDING = (Role.DATA_STEWARD, Role.DEPARTMENT_CLERK, Role.SUBDISTRICT_CLERK)

COMMAND_RULES = (
    command_rule("demo-city", touches_persons=False, roles=OPERATORS),
    # The build writes no person out; whether a source may be in it is the gate's question, source by source.
    command_rule("build", touches_persons=False, roles=STEWARDS),
    command_rule("block", touches_persons=False, roles=READERS),
    # Of places and organisations; persons beside them are told of by `history` alone.
    command_rule("as-of", touches_persons=False, roles=READERS),
    command_rule("history", touches_persons=True, roles=STEWARDS),
    # Works as a build does, aside, and shows digests.
    command_rule("replay", touches_persons=False, roles=STEWARDS),
    command_rule("wash", touches_persons=False, roles=READERS),
    command_rule("parse-address", touches_persons=False, roles=READERS),
    command_rule("train-parser", touches_persons=False, roles=STEWARDS),
    command_rule("link", touches_persons=False, roles=STEWARDS),
    command_rule("export mentions", touches_persons=True, roles=STEWARDS),
    command_rule("explain address", touches_persons=False, roles=READERS),
    # Codes only, but that two codes are one person is something about that person.
    command_rule("explain code", touches_persons=True, roles=STEWARDS),
    command_rule("explain mention", touches_persons=True, roles=STEWARDS),
    command_rule("explain organisation", touches_persons=True, roles=STEWARDS),
    command_rule("explain pair", touches_persons=True, roles=STEWARDS),
    command_rule("explain relation", touches_persons=True, roles=STEWARDS),
    command_rule("sources list", touches_persons=False, roles=STEWARDS),
    command_rule("sources refused", touches_persons=True, roles=STEWARDS),
    # Row numbers, no value.
    command_rule("sources without-key", touches_persons=False, roles=STEWARDS),
    # Numbers of the ticket's persons go out on the sheet; answers come in, and only their number is shown.
    command_rule("sources ask", touches_persons=True, roles=REVIEWERS),
    command_rule("sources answers", touches_persons=False, roles=STEWARDS),
    command_rule("sources missing", touches_persons=False, roles=STEWARDS),
    # Seals rows unseen and shows their number.
    command_rule("sources pull", touches_persons=False, roles=STEWARDS),
    command_rule("sources register", touches_persons=False, roles=STEWARDS),
    # The library holds places, no persons; what changes it is the steward's.
    *(
        command_rule(f"library {name}", touches_persons=False, roles=STEWARDS)
        for name in ("plan", "plans", "apply", "drop", "undo", "export")
    ),
    *(
        command_rule(f"library event {name}", touches_persons=False, roles=STEWARDS)
        for name in ("split", "merge", "renumber", "rename", "demolish", "plan", "use", "move")
    ),
    *(
        command_rule(f"library {name}", touches_persons=False, roles=READERS)
        for name in ("events", "resolve", "show", "children")
    ),
    # A review names codes and shows no value: it is what tickets come from, so it cannot ask for one.
    command_rule("review open", touches_persons=False, roles=REVIEWERS),
    command_rule("review close", touches_persons=False, roles=REVIEWERS),
    command_rule("review list", touches_persons=False, roles=REVIEWERS),
    # Sources and row numbers, as a case to a department names them; no code, no value.
    command_rule("review doubtful", touches_persons=False, roles=REVIEWERS),
    # People's decisions name codes and show no value; who may decide what is asked of the operator's account.
    *(
        command_rule(f"decide {name}", touches_persons=False, roles=roles)
        for name, roles in (
            ("same", REVIEWERS),
            ("different", REVIEWERS),
            ("split", REVIEWERS),
            ("alias", ENDING),
            ("life-cycle", ENDING),
            ("object", CONTESTING),
            ("verify", VERIFYING),
            ("retract", REVIEWERS),
            ("end", ENDING),
            ("withdraw", CONTESTING),
        )
    ),
    # Codes of persons are shown under a ticket that names them; where all are invented, without.
    command_rule("decide list", touches_persons=True, roles=CONTESTING),
    command_rule("cases show", touches_persons=True, roles=CONTESTING),
    command_rule("cases list", touches_persons=False, roles=CONTESTING),
    command_rule("cases export", touches_persons=False, roles=REVIEWERS),
    command_rule("cases answers", touches_persons=False, roles=REVIEWERS),
    command_rule("cases close", touches_persons=False, roles=KEEPERS),
    # Who confirms, proposes and files is the operator's own account; all of it is about places.
    command_rule("aliases list", touches_persons=False, roles=KEEPERS),
    command_rule("aliases confirm", touches_persons=False, roles=KEEPERS),
    command_rule("aliases revoke", touches_persons=False, roles=KEEPERS),
    command_rule("proposals list", touches_persons=False, roles=FILERS),
    command_rule("proposals refresh", touches_persons=False, roles=KEEPERS),
    command_rule("applications list", touches_persons=False, roles=FILERS),
    command_rule("applications draft", touches_persons=False, roles=FILERS),
    command_rule("applications file", touches_persons=False, roles=FILERS),
    command_rule("applications withdraw", touches_persons=False, roles=FILERS),
    command_rule("applications export", touches_persons=False, roles=FILERS),
    command_rule("applications answer", touches_persons=False, roles=KEEPERS),
    command_rule("accounts open", touches_persons=False, roles=SECURITY),
    command_rule("accounts close", touches_persons=False, roles=SECURITY),
    command_rule("accounts list", touches_persons=False, roles=SECURITY),
    command_rule("ledger verify", touches_persons=False, roles=AUDITORS),
    command_rule("ledger seal", touches_persons=False, roles=AUDITORS),
    command_rule("ledger export", touches_persons=False, roles=AUDITORS),
    command_rule("keys rotate", touches_persons=False, roles=SECURITY),
    command_rule("keys shred", touches_persons=False, roles=SECURITY),
    # Codes alone, and only to an account with this role: the door asks, on invented data too.
    # Counts alone; the values go from the vault to the vault.
    command_rule("declarations hand-over", touches_persons=False, roles=STEWARDS),
    command_rule("declarations checks", touches_persons=False, roles=STEWARDS),
    command_rule("welfare minors", touches_persons=False, roles=(Role.CHILD_WELFARE_WORKER,)),
    # What leaves the machine is sealed or stands in the store as it is; who runs it can read the store's files anyway.
    # Keys are backed up by the security administrator alone, on a real store: the command asks.
    command_rule("backup", touches_persons=False, roles=OPERATORS),
    command_rule("restore", touches_persons=False, roles=OPERATORS),
    command_rule("upgrade", touches_persons=False, roles=OPERATORS),
    # Counts only. Who may erase on a store of real people, and who may hold, is asked of the operator's account.
    command_rule("retention", touches_persons=False, roles=(*OPERATORS, *KEEPERS)),
    *(
        command_rule(f"hold {name}", touches_persons=False, roles=(*KEEPERS, *AUDITORS))
        for name in ("set", "end", "list")
    ),
    # Forms and letters name nobody; whom a sheet is about is read by the ticket of the filling, in the operator's
    # own account, and shown as counts. The release writes persons out: that is what the room's own rules are for.
    command_rule("forms list", touches_persons=False, roles=READERS),
    command_rule("forms register", touches_persons=False, roles=KEEPERS),
    command_rule("forms decide", touches_persons=False, roles=REVIEWERS),
    command_rule("forms fill", touches_persons=False, roles=READERS),
    command_rule("forms release", touches_persons=False, roles=READERS),
    command_rule("forms letter", touches_persons=False, roles=READERS),
    command_rule("forms demo", touches_persons=False, roles=OPERATORS),
    # Sums and codes. Whose phone is read to send is read by the ticket of the question, in the operator's own account.
    command_rule("questions hand-over", touches_persons=False, roles=STEWARDS),
    *(
        command_rule(f"questions {name}", touches_persons=False, roles=READERS)
        for name in ("send", "letters", "outbox", "visits", "returns", "mandate")
    ),
    command_rule("doctor", touches_persons=False, roles=OPERATORS),
    command_rule("nightly", touches_persons=False, roles=OPERATORS),
    # Serves the library, no person; whoever runs it can read the store's files anyway.
    # Rules and views name no person; a run shows counts. An explanation names codes.
    *(
        command_rule(f"rules {name}", touches_persons=False, roles=READERS)
        for name in ("list", "views", "check", "findings")
    ),
    command_rule("rules run", touches_persons=False, roles=STEWARDS),
    # Sums of a rehearsal, a name under a rule, counts of what was handed over: nobody is shown.
    command_rule("rules state", touches_persons=False, roles=READERS),
    command_rule("rules rehearse", touches_persons=False, roles=STEWARDS),
    command_rule("rules sign", touches_persons=False, roles=(*FILERS, Role.DEPARTMENT_CLERK)),
    command_rule(
        "rules suspend", touches_persons=False, roles=(*REVIEWERS, Role.SUBDISTRICT_CLERK)
    ),
    command_rule("offers hand-over", touches_persons=False, roles=STEWARDS),
    command_rule("offers missed", touches_persons=False, roles=READERS),
    command_rule("rules explain", touches_persons=True, roles=STEWARDS),
    command_rule("reconcile", touches_persons=False, roles=READERS),
    command_rule("serve", touches_persons=False, roles=OPERATORS),
    command_rule("run-demo", touches_persons=False, roles=OPERATORS),
)
