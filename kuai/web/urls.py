"""The portal's addresses. No address carries anything personal: blocks by code, uploads by a random number."""

from __future__ import annotations

from django.urls import include, path

from kuai.web.about import views as about
from kuai.web.accounts import outside
from kuai.web.accounts import views as accounts
from kuai.web.addresses import applications as address_applications
from kuai.web.addresses import explaining as address_explaining
from kuai.web.addresses import grids, life, plans
from kuai.web.addresses import library as address_library
from kuai.web.addresses import proposals as address_proposals
from kuai.web.admin.urls import ACCOUNT_ROUTES
from kuai.web.api.routes import api
from kuai.web.areas import comparing as area_comparing
from kuai.web.areas import views as areas
from kuai.web.blocks import dates as block_dates
from kuai.web.blocks import exporting, floor_plans, heat
from kuai.web.blocks import tile_views as tiles
from kuai.web.blocks import views as blocks
from kuai.web.facts import acting as fact_acts
from kuai.web.facts import base as base_library
from kuai.web.facts import cases as fact_cases
from kuai.web.facts import conflicts
from kuai.web.home import views as home
from kuai.web.ledger import views as ledger
from kuai.web.reviews import views as reviews
from kuai.web.search import views as search
from kuai.web.sources import views as sources
from kuai.web.uploads import views as uploads
from kuai.web.watch import views as watch
from kuai.web.welfare import views as welfare

urlpatterns = [
    path("", home.show_home, name="home"),
    path("login/", accounts.come_in, name="login"),
    path("login/outside/", outside.go_to_provider, name="outside"),
    path("login/outside/back/", outside.come_from_provider, name="outside_back"),
    path("logout/", accounts.go_out, name="logout"),
    path("password/", accounts.change_password, name="change_password"),
    path("language/", accounts.choose_language, name="choose_language"),
    *ACCOUNT_ROUTES,
    path("health/live", watch.show_live, name="health_live"),
    path("health/ready", watch.show_ready, name="health_ready"),
    path("metrics", watch.show_metrics, name="metrics"),
    path("map/tiles/<int:zoom>/<int:column>/<int:row>.mvt", tiles.draw_tile, name="tile"),
    path("blocks/", blocks.show_top, name="blocks"),
    path("blocks/<slug:code>/", blocks.show_block, name="block"),
    path("blocks/<slug:code>/export/", exporting.export_block, name="block_export"),
    path("blocks/<slug:code>/plan/", floor_plans.show_floor_plan, name="floor_plan"),
    path("blocks/<slug:code>/heat/", heat.show_heat, name="heat"),
    path("blocks/<slug:code>/dates/", block_dates.show_dates, name="block_dates"),
    path("areas/", areas.show_areas, name="areas"),
    path("areas/new/", areas.show_new, name="area_new"),
    path("areas/compare/", area_comparing.show_comparison, name="area_compare"),
    path("areas/<uuid:area_id>/", areas.show_area, name="area"),
    path("areas/<uuid:area_id>/name/", areas.name, name="area_name"),
    path("areas/<uuid:area_id>/remove/", areas.remove, name="area_remove"),
    path("areas/<uuid:area_id>/bring-back/", areas.restore, name="area_bring_back"),
    path("areas/<uuid:area_id>/export/", areas.export, name="area_export"),
    path("search/", search.show_search, name="search"),
    path("search/hits/", search.show_hits, name="search_hits"),
    path("sources/", sources.show_sources, name="sources"),
    path("sources/<str:source>/", sources.show_source, name="source"),
    path(
        "sources/<str:source>/refused-rows/",
        sources.download_refused_rows,
        name="refused_rows",
    ),
    path("addresses/explain/", address_explaining.show_explain, name="address_explain"),
    path("addresses/explain/confirm/", address_explaining.confirm_pair, name="address_confirm"),
    path("addresses/aliases/", address_explaining.show_aliases, name="address_aliases"),
    path(
        "addresses/aliases/<int:number>/revoke/",
        address_explaining.revoke_alias,
        name="address_alias_revoke",
    ),
    path(
        "addresses/aliases/<int:number>/restore/",
        address_explaining.restore_alias,
        name="address_alias_restore",
    ),
    path("addresses/proposals/", address_proposals.show_proposals, name="address_proposals"),
    path(
        "addresses/proposals/refresh/", address_proposals.refresh, name="address_proposals_refresh"
    ),
    path(
        "addresses/proposals/<int:number>/set-aside/",
        address_proposals.set_aside,
        name="address_proposal_set_aside",
    ),
    path(
        "addresses/proposals/<int:number>/take-up/",
        address_proposals.take_up_again,
        name="address_proposal_take_up",
    ),
    path(
        "addresses/proposals/<int:number>/apply/",
        address_proposals.apply_for,
        name="address_proposal_apply",
    ),
    path(
        "addresses/applications/",
        address_applications.show_applications,
        name="address_applications",
    ),
    path(
        "addresses/applications/new/", address_applications.open_new, name="address_application_new"
    ),
    path(
        "addresses/applications/form/",
        address_applications.download_form,
        name="address_application_form",
    ),
    path(
        "addresses/applications/answers/",
        address_applications.take_in_answers,
        name="address_application_answers",
    ),
    path(
        "addresses/applications/<slug:number>/",
        address_applications.show_application,
        name="address_application",
    ),
    path(
        "addresses/applications/<slug:number>/file/",
        address_applications.file,
        name="address_application_file",
    ),
    path(
        "addresses/applications/<slug:number>/withdraw/",
        address_applications.withdraw,
        name="address_application_withdraw",
    ),
    path(
        "addresses/applications/<slug:number>/accept/",
        address_applications.accept,
        name="address_application_accept",
    ),
    path(
        "addresses/applications/<slug:number>/return/",
        address_applications.send_back,
        name="address_application_return",
    ),
    path("welfare/", welfare.show_welfare, name="welfare"),
    path("welfare/ticket/", welfare.take_ticket, name="welfare_ticket"),
    path("welfare/open/", welfare.open_file, name="welfare_open"),
    path("uploads/", uploads.show_uploads, name="upload"),
    path("uploads/<uuid:upload_id>/", uploads.show_upload, name="upload_state"),
    path(
        "uploads/<uuid:upload_id>/refused-rows/",
        uploads.download_upload_refused_rows,
        name="refused_upload_rows",
    ),
    path(
        "uploads/<uuid:upload_id>/return-ticket/",
        uploads.take_return_ticket,
        name="return_ticket",
    ),
    path(
        "uploads/<uuid:upload_id>/refused-values/",
        uploads.download_refused_values,
        name="refused_values",
    ),
    path("addresses/library/", address_library.show_library, name="address_library"),
    path(
        "addresses/library/search/",
        address_library.show_search,
        name="address_library_search",
    ),
    path("addresses/library/shapes/", address_library.draw_shapes, name="address_shapes_top"),
    path("addresses/library/<slug:code>/", address_library.show_entry, name="address_entry"),
    path(
        "addresses/library/<slug:code>/children/",
        address_library.show_children,
        name="address_children",
    ),
    path(
        "addresses/library/<slug:code>/shapes/",
        address_library.draw_shapes,
        name="address_shapes",
    ),
    path(
        "addresses/library/<slug:code>/findings/",
        address_library.list_findings,
        name="address_findings",
    ),
    path("addresses/library/<slug:code>/<slug:kind>/", life.show_act, name="address_act"),
    path("addresses/events/", life.show_events_page, name="address_events"),
    path("addresses/events/<int:number>/", life.show_event_page, name="address_event"),
    path("addresses/events/<int:number>/undo/", life.undo, name="address_undo"),
    path("addresses/imports/", plans.show_plans, name="address_plans"),
    path("addresses/imports/work/<uuid:work_id>/", plans.show_work, name="address_work"),
    path("addresses/imports/<slug:plan_id>/", plans.show_plan, name="address_plan"),
    path("addresses/imports/<slug:plan_id>/apply/", plans.apply, name="address_plan_apply"),
    path("addresses/imports/<slug:plan_id>/drop/", plans.drop, name="address_plan_drop"),
    path(
        "addresses/imports/<slug:plan_id>/refused-rows/",
        plans.download_refused_rows,
        name="address_plan_refused",
    ),
    path("addresses/grids/", grids.show_communities, name="address_grids"),
    path("addresses/grids/<slug:code>/", grids.show_grids, name="address_grids_of"),
    path("addresses/grids/<slug:code>/shapes/", grids.draw_shapes, name="address_grid_shapes"),
    path("addresses/grids/<slug:code>/accept/", grids.accept_grids, name="address_grids_accept"),
    path("addresses/grids/<slug:code>/redraw/", grids.show_redraw, name="address_redraw"),
    path("addresses/grids/<slug:code>/undo/", grids.undo_redraw, name="address_redraw_undo"),
    path("reviews/", reviews.show_reviews, name="reviews"),
    path("reviews/undo/<int:sequence>/", reviews.undo, name="review_undo"),
    path("reviews/<slug:item>/", reviews.show_review, name="review"),
    path("reviews/<slug:item>/answer/", reviews.answer, name="review_answer"),
    path("reviews/<slug:item>/ask/", reviews.ask, name="review_ask"),
    path("reviews/<slug:item>/read/", reviews.read, name="review_read"),
    path("facts/conflicts/", conflicts.show_conflicts, name="conflicts"),
    path("facts/conflicts/<int:number>/", conflicts.show_conflict, name="conflict"),
    path("facts/conflicts/<int:number>/decide/", conflicts.decide, name="conflict_decide"),
    path("facts/base/", base_library.show_base, name="base_library"),
    path("facts/act/", fact_acts.act, name="fact_act"),
    path("facts/decisions/<int:sequence>/undo/", fact_acts.undo, name="decision_undo"),
    path("facts/cases/", fact_cases.show_cases, name="cases"),
    path("facts/cases/form/", fact_cases.download_form, name="cases_form"),
    path("facts/cases/answers/", fact_cases.take_in_answers, name="cases_answers"),
    path("facts/cases/<slug:number>/", fact_cases.show_case, name="case"),
    path("facts/cases/<slug:number>/answer/", fact_cases.answer, name="case_answer"),
    path("facts/cases/<slug:number>/close/", fact_cases.close, name="case_close"),
    path("facts/cases/<slug:number>/appeal/", fact_cases.appeal, name="case_appeal"),
    path("ledger/", ledger.show_ledger, name="ledger"),
    path("ledger/verify/", ledger.verify, name="ledger_verify"),
    path("not-done/", about.show_not_done, name="not_done"),
    path("help/", about.show_help, name="help"),
    path("", include("kuai.web.files.urls")),
    path("", include("kuai.web.residents.urls")),
    path("", include("kuai.web.declare.urls")),
    path("", include("kuai.web.proactive.urls")),
    path("", include("kuai.web.forms.urls")),
    path("", include("kuai.web.questions.urls")),
    path("api/", api.urls),
]

handler403 = "kuai.web.about.views.show_forbidden"
handler404 = "kuai.web.about.views.show_not_found"
handler500 = "kuai.web.about.views.show_broken"
