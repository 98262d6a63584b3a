"""Logins, failed logins and log-outs as ledger entries."""

from __future__ import annotations


def connect_login_signals() -> None:
    """Filled in when the ledger exists."""
