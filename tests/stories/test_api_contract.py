"""Every operation of the JSON API, asked with invented and misshapen parameters, never answers with a 5xx.

The schema is the one the portal itself gives out, so an operation that is added is asked without being named here.
"""

from __future__ import annotations

import os

import schemathesis
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok

from kuai.guard.types import Role
from kuai.kit.store import Store, read_json
from tests.stories.test_every_page import portal

__all__ = ["portal"]

# A release asks more often: KUAI_FUZZ_EXAMPLES=500 python -m pytest tests/stories/test_api_contract.py
EXAMPLES = int(os.environ.get("KUAI_FUZZ_EXAMPLES", "8"))
# Fewer would mean that the schema is no longer read.
FEWEST_OPERATIONS = 20
FEWEST_WELCOME = 6


def log_in(store: Store, role: Role) -> Client:
    """A browser in which the demo login of this role is open."""
    client = Client()
    password = read_json(store.keys / "demo.json")["password"]
    client.post(
        "/login/", {"username": f"demo-{role.value.replace('_', '-')}", "password": password}
    )
    return client


def test_no_question_breaks_the_api(portal: Store) -> None:
    steward = log_in(portal, Role.DATA_STEWARD)
    schema = schemathesis.openapi.from_dict(steward.get("/api/openapi.json").json())
    schema.app = get_wsgi_application()
    cookies = {name: one.value for name, one in steward.cookies.items()}
    token = {"X-CSRFToken": cookies.get("csrftoken", "")}
    asked, welcome = [], set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        asked.append(operation.label)

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answers(case: schemathesis.Case) -> None:
            answer = case.call(cookies=cookies, headers=token)
            case.validate_response(answer, checks=[not_a_server_error])
            if answer.status_code < 300:
                welcome.add(case.operation.label)

        answers()
    assert len(asked) >= FEWEST_OPERATIONS, asked
    # Else it is the door that was tried, not what lies behind it.
    assert len(welcome) >= FEWEST_WELCOME, welcome
