"""The portal's addresses. No address carries anything personal: blocks by code, uploads by a random number."""

from __future__ import annotations

from django.urls import path

from kuai.web.about import views as about
from kuai.web.accounts import views as accounts
from kuai.web.api.routes import api
from kuai.web.blocks import views as blocks
from kuai.web.home import views as home
from kuai.web.ledger import views as ledger
from kuai.web.search import views as search
from kuai.web.sources import views as sources
from kuai.web.uploads import views as uploads

urlpatterns = [
    path("", home.show_home, name="home"),
    path("login/", accounts.come_in, name="login"),
    path("logout/", accounts.go_out, name="logout"),
    path("password/", accounts.change_password, name="change_password"),
    path("language/", accounts.choose_language, name="choose_language"),
    path("blocks/", blocks.show_top, name="blocks"),
    path("blocks/<slug:code>/", blocks.show_block, name="block"),
    path("search/", search.show_search, name="search"),
    path("search/hits/", search.show_hits, name="search_hits"),
    path("sources/", sources.show_sources, name="sources"),
    path("sources/<str:source>/", sources.show_source, name="source"),
    path(
        "sources/<str:source>/refused-rows/",
        sources.download_refused_rows,
        name="refused_rows",
    ),
    path("uploads/", uploads.show_uploads, name="upload"),
    path("uploads/<uuid:upload_id>/", uploads.show_upload, name="upload_state"),
    path(
        "uploads/<uuid:upload_id>/refused-rows/",
        uploads.download_upload_refused_rows,
        name="refused_upload_rows",
    ),
    path("ledger/", ledger.show_ledger, name="ledger"),
    path("ledger/verify/", ledger.verify, name="ledger_verify"),
    path("not-done/", about.show_not_done, name="not_done"),
    path("help/", about.show_help, name="help"),
    path("api/", api.urls),
]

handler403 = "kuai.web.about.views.show_forbidden"
handler404 = "kuai.web.about.views.show_not_found"
handler500 = "kuai.web.about.views.show_broken"
