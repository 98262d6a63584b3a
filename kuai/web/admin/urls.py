"""Addresses of the register of logins. By number: no address tells a login."""

from __future__ import annotations

from django.urls import path

from kuai.web.admin import views

ACCOUNT_ROUTES = [
    path("accounts/", views.show_accounts, name="accounts"),
    path("accounts/new/", views.open_account, name="account_new"),
    path("accounts/wishes/", views.show_wishes, name="account_wishes"),
    path("accounts/wishes/<int:number>/", views.decide_wish, name="account_wish"),
    path("accounts/<int:number>/", views.show_account, name="account"),
    path("accounts/<int:number>/powers/", views.change_powers, name="account_powers"),
    path("accounts/<int:number>/lock/", views.lock, name="account_lock"),
    path("accounts/<int:number>/unlock/", views.unlock, name="account_unlock"),
    path("accounts/<int:number>/code/", views.issue_code, name="account_code"),
    path("accounts/<int:number>/second/", views.ask_second_person, name="account_second"),
    path("accounts/<int:number>/sessions/", views.end_sessions, name="account_sessions"),
    path("accounts/<int:number>/outside/", views.tie_outside_login, name="account_outside"),
]
