"""Addresses of offers: nothing of a person, nothing of an offer."""

from __future__ import annotations

from django.urls import path

from kuai.web.proactive import findings, naming, views

urlpatterns = [
    path("mine/offers/", views.show_offers, name="own_offers"),
    path("mine/offers/answer/", views.answer_offer, name="own_offer_answer"),
    path("offers/rules/", views.show_rules, name="offer_rules"),
    path("offers/rules/act/", views.act_on_rule, name="offer_rule_act"),
    path("offers/officials/", naming.show_officials, name="officials"),
    path("offers/officials/name/", naming.name_official, name="official_name"),
    path("offers/findings/", findings.show_findings, name="rule_findings"),
    path("offers/findings/take/", findings.take_finding, name="rule_finding_take"),
    path("offers/findings/thing/", findings.show_thing, name="rule_finding_thing"),
    path("offers/findings/person/", findings.show_person, name="rule_finding_person"),
    path("offers/findings/answer/", findings.answer_finding, name="rule_finding_answer"),
]
