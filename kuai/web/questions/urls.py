"""Addresses of questions. A link's token is random and opens its questions once; nothing else stands in an address."""

from __future__ import annotations

from django.urls import path

from kuai.web.questions import linked, mandates, staff, visits

urlpatterns = [
    path("q/<slug:code>/", linked.show_link, name="question_link"),
    path("questions/", staff.show_questions, name="questions"),
    path("questions/send/", staff.send, name="questions_send"),
    path("questions/letters/", staff.print_letters, name="questions_letters"),
    path("questions/unsure/", staff.settle_unsure, name="questions_unsure"),
    path("questions/open/", staff.open_person, name="questions_open"),
    path("questions/mandates/", mandates.show_mandates, name="question_mandates"),
    path("questions/mandates/give/", mandates.give, name="question_mandate_give"),
    path("questions/mandates/<slug:number>/end/", mandates.end, name="question_mandate_end"),
    path("questions/visits/", visits.show_visits, name="question_visits"),
    path("questions/visits/draw/", visits.draw, name="question_draw"),
    path("questions/visits/return/", visits.take_in, name="question_return"),
    path("questions/visits/<slug:number>/", visits.show_sheet, name="question_sheet"),
    path("questions/visits/<slug:number>/<slug:kind>/", visits.download, name="question_paper"),
    path("questions/<slug:number>/", staff.show_question, name="question"),
    path("questions/<slug:number>/ticket/", staff.take_ticket, name="question_ticket"),
    path("questions/<slug:number>/settle/", staff.settle, name="question_settle"),
]
