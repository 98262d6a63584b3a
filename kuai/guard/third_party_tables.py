"""Labels and retention of the tables that packages bring, as our own models carry theirs.

A package that brings a new table or column fails tests/house/test_table_privacy.py until it is looked at here.
"""

from __future__ import annotations

from collections.abc import Mapping

from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity

L1, L2, L3, L4 = Sensitivity.L1, Sensitivity.L2, Sensitivity.L3, Sensitivity.L4

_ATTEMPT = {
    "id": L2,
    "user_agent": L3,
    "ip_address": L3,
    "username": L3,
    "http_accept": L2,
    "path_info": L2,
    "attempt_time": L2,
}

THIRD_PARTY_TABLES: Mapping[str, TablePrivacy] = {
    "contenttypes.ContentType": TablePrivacy(
        retention="permanent: names of our own tables",
        levels={"id": L1, "app_label": L1, "model": L1},
    ),
    "auth.Permission": TablePrivacy(
        retention="permanent: not used, access = role x area x ticket",
        levels={"id": L1, "name": L1, "content_type": L1, "codename": L1},
    ),
    "auth.Group": TablePrivacy(retention="stays empty: not used", levels={"id": L1, "name": L1}),
    "auth.Group_permissions": TablePrivacy(
        retention="stays empty: not used", levels={"id": L1, "group": L1, "permission": L1}
    ),
    "sessions.Session": TablePrivacy(
        retention="12 hours at most; cleared by the nightly run",
        levels={"session_key": L4, "session_data": L4, "expire_date": L2},
    ),
    "axes.AccessAttempt": TablePrivacy(
        retention="90 days; cleared by the nightly run",
        levels={**_ATTEMPT, "get_data": L3, "post_data": L3, "failures_since_start": L2},
    ),
    "axes.AccessAttemptExpiration": TablePrivacy(
        retention="stays empty: not used", levels={"access_attempt": L2, "expires_at": L2}
    ),
    "axes.AccessLog": TablePrivacy(
        retention="stays empty: the ledger keeps logins",
        levels={**_ATTEMPT, "logout_time": L2, "session_hash": L3},
    ),
    "axes.AccessFailureLog": TablePrivacy(
        retention="stays empty: not switched on", levels={**_ATTEMPT, "locked_out": L2}
    ),
    "django_tasks_database.DBTaskResult": TablePrivacy(
        retention="30 days; cleared by the nightly run; arguments are references, never values",
        levels={
            "id": L2,
            "status": L1,
            "enqueued_at": L2,
            "started_at": L2,
            "finished_at": L2,
            "args_kwargs": L2,
            "priority": L1,
            "task_path": L1,
            "worker_ids": L1,
            "queue_name": L1,
            "backend_name": L1,
            "run_after": L2,
            "return_value": L2,
            "exception_class_path": L2,
            "traceback": L3,
        },
    ),
}
