"""What every page with a map hands to its script: where tiles come from, the base map of the settings, words."""

from __future__ import annotations

import json

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _


def tiles_url() -> str:
    """The address of tiles with the places that the map fills in."""
    return reverse("tile", args=[0, 0, 0]).replace("0/0/0", "{z}/{x}/{y}")


def map_frame() -> dict[str, str]:
    """Context of a page with a map."""
    basemap = (
        {"tiles": settings.KUAI_BASE_MAP_TILES, "attribution": settings.KUAI_BASE_MAP_CREDIT}
        if settings.KUAI_BASE_MAP_TILES
        else None
    )
    return {
        "tiles_url": tiles_url(),
        "basemap": json.dumps(basemap),
        "map_texts": json.dumps(_map_texts(), ensure_ascii=False),
    }


def _map_texts() -> dict[str, str]:
    """MapLibre's own words and ours, in the reader's language."""
    return {
        "few": _("不公布"),
        "NavigationControl.ZoomIn": _("放大"),
        "NavigationControl.ZoomOut": _("缩小"),
        "ScaleControl.Meters": _("米"),
        "ScaleControl.Kilometers": _("公里"),
        "Map.Title": _("地图画面"),
        "CooperativeGesturesHandler.WindowsHelpText": _("按住 Ctrl 滚动可缩放地图"),
        "CooperativeGesturesHandler.MacHelpText": _("按住 ⌘ 滚动可缩放地图"),
        "CooperativeGesturesHandler.MobileHelpText": _("用两个手指移动地图"),
        "north": _("向北移"),
        "south": _("向南移"),
        "east": _("向东移"),
        "west": _("向西移"),
        "corners": _("已点的角"),
        "enough": _("可以完成了"),
        "radius": _("半径（米）"),
    }
