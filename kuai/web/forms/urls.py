"""Addresses of registered forms: numbers of forms and letters, random numbers of fillings; nothing of a person."""

from __future__ import annotations

from django.urls import path

from kuai.web.forms import filling, views

urlpatterns = [
    path("forms/", views.show_forms, name="forms"),
    path("forms/new/", views.register, name="form_new"),
    path("forms/unregistered/", views.show_unregistered, name="form_unregistered"),
    path("forms/letters/new/", views.write_letter, name="form_letter_new"),
    path("forms/letters/<slug:number>/", views.download_letter, name="form_letter"),
    path("forms/sheets/<uuid:filling_id>/", filling.show_filling, name="form_filling"),
    path("forms/sheets/<uuid:filling_id>/headings/", filling.correct, name="form_headings"),
    path("forms/sheets/<uuid:filling_id>/release/", filling.release, name="form_release"),
    path("forms/sheets/<uuid:filling_id>/file/", filling.fetch, name="form_file"),
    path("forms/sheets/<uuid:filling_id>/drop/", filling.drop, name="form_drop"),
    path("forms/<slug:number>/", views.show_form, name="form"),
    path("forms/<slug:number>/decide/", views.decide, name="form_decide"),
    path("forms/<slug:number>/upload/", filling.take_in, name="form_upload"),
]
