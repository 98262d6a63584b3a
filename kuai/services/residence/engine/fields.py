"""Which fields each act types: never more than two. What is chosen by a tap is no field; nor is the one-time code."""

from __future__ import annotations

from collections.abc import Mapping

from kuai.services.residence.types import Act

MOST_TYPED = 2
TYPED: Mapping[Act, tuple[str, ...]] = {
    Act.LIVE: ("name", "phone"),
    Act.LEAVE: ("name", "phone"),
    Act.CHILD: ("name", "phone"),
    Act.LET: ("name", "phone"),
    Act.SUBLET: ("name", "phone"),
    Act.AGENT: ("name", "phone"),
    Act.TENANT_LEFT: ("name", "phone"),
    Act.EMPLOY: ("credit_code", "name"),
    Act.CONFIRM: (),
}
# Acts of whoever gives the room to others; `name` is then the tenant's.
OF_LANDLORDS = frozenset({Act.LET, Act.SUBLET, Act.AGENT, Act.TENANT_LEFT})
# Acts that say somebody lives in the room from now on.
MOVING_IN = frozenset({Act.LIVE, Act.CHILD, Act.LET, Act.SUBLET, Act.AGENT, Act.EMPLOY})
# A guardian declares for a child below this age; a child's own login never does.
CHILD_AGE_YEARS = 14
