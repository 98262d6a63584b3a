"""Addresses of declarations. A door's code and a receipt's mark are random; nothing else stands in an address."""

from __future__ import annotations

from django.urls import path

from kuai.web.declare import answering, at_home, counter, frame, staff, tenants, views

urlpatterns = [
    path("declare/", views.show_start, name="declare"),
    path("declare/letters/", frame.choose_letters, name="declare_letters"),
    path("declare/notice/", views.show_notice, name="declare_notice"),
    path("declare/done/", views.show_done, name="declare_done"),
    path("declare/withdraw/", views.withdraw, name="declare_withdraw"),
    path("declare/receipt/", views.download_receipt, name="declare_receipt"),
    path("declare/tenants/", tenants.show_tenants, name="declare_tenants"),
    path("declare/tenants/form/", tenants.download_template, name="declare_template"),
    path("declare/tenants/sheet/", tenants.take_sheet, name="declare_sheet"),
    path("declare/tenants/done/", tenants.show_sheet, name="declare_sheet_done"),
    path("declare/tenants/returned/", tenants.download_returned, name="declare_returned"),
    path("declare/tenants/receipt/", tenants.download_sheet_receipt, name="declare_sheet_receipt"),
    path("d/<slug:code>/", views.show_door, name="declare_door"),
    path("d/<slug:code>/questions/", answering.show_questions, name="declare_questions"),
    path("d/<slug:code>/answer/", answering.answer, name="declare_answer"),
    path("d/<slug:code>/<slug:kind>/", views.show_form, name="declare_form"),
    path("d/<slug:code>/<slug:kind>/send/", views.declare, name="declare_send"),
    path("verify/", views.show_verify_form, name="verify_form"),
    path("verify/<slug:code>/", views.verify, name="verify"),
    path("mine/home/", at_home.show_homes, name="own_home"),
    path("mine/home/answer/", at_home.answer_home, name="own_home_answer"),
    path("declarations/", staff.show_declarations, name="declarations"),
    path("declarations/counter/", counter.choose_room, name="counter"),
    path("declarations/counter/done/", counter.show_taken, name="counter_done"),
    path("declarations/counter/receipt/", counter.download_receipt, name="counter_receipt"),
    path("declarations/counter/<str:code>/", counter.show_form, name="counter_form"),
    path("declarations/counter/<str:code>/ahead/", counter.show_ahead, name="counter_ahead"),
    path("declarations/ticket/", staff.take_ticket, name="declarations_ticket"),
    path("declarations/open/", staff.open_declaration, name="declarations_open"),
    path("declarations/settle/", staff.settle, name="declarations_settle"),
    path("declarations/withdraw/", staff.withdraw, name="declarations_withdraw"),
    path("declarations/doors/", staff.print_doors, name="declarations_doors"),
]
