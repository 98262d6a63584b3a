"""Addresses of the person's own pages; whose they are comes from the login alone."""

from __future__ import annotations

from django.urls import path

from kuai.web.residents import views

urlpatterns = [
    path("mine/", views.show_own, name="own_file"),
    path("mine/reveal/", views.reveal_own, name="own_reveal"),
    path("mine/object/", views.object_to, name="own_object"),
    path("mine/end/", views.end_own, name="own_end"),
    path("mine/code/", views.show_code, name="own_code"),
    path("mine/looks/", views.show_looks, name="own_looks"),
    path("mine/objections/", views.show_objections, name="own_objections"),
    path("mine/objections/<int:sequence>/withdraw/", views.withdraw, name="own_withdraw"),
    path("mine/cases/<slug:number>/appeal/", views.appeal, name="own_appeal"),
]
