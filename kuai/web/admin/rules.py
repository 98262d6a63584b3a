"""Who manages logins: the security administrator; who grants powerful ones: the audit administrator."""

from __future__ import annotations

from kuai.guard.access import route_rule
from kuai.guard.types import Role

SEES_ACCOUNTS = (Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR)

sees_accounts = route_rule("accounts.view", purpose="administration", roles=SEES_ACCOUNTS)
keeps_accounts = route_rule(
    "accounts.keep", purpose="administration", roles=(Role.SECURITY_ADMINISTRATOR,)
)
# Another security administrator stands in where no audit administrator can: the register decides.
grants_accounts = route_rule("accounts.grant", purpose="administration", roles=SEES_ACCOUNTS)
