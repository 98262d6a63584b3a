"""Addresses of offers: nothing of a person, nothing of an offer."""

from __future__ import annotations

from django.urls import path

from kuai.web.proactive import views

urlpatterns = [
    path("mine/offers/", views.show_offers, name="own_offers"),
    path("mine/offers/answer/", views.answer_offer, name="own_offer_answer"),
    path("offers/rules/", views.show_rules, name="offer_rules"),
    path("offers/rules/act/", views.act_on_rule, name="offer_rule_act"),
]
