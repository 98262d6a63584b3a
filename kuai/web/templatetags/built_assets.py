"""Finds what the front-end build made: hashed names stand in its manifest, pages only know the entry's name."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()
BUILT = Path(settings.WEB_FOLDER) / "static" / "built"


@lru_cache(maxsize=1)
def _read_manifest(changed_ns: int) -> dict[str, Any]:  # noqa: ARG001 - the key of the cache
    manifest: dict[str, Any] = json.loads((BUILT / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def _entry(name: str) -> dict[str, Any]:
    path = BUILT / "manifest.json"
    # Before `make setup` built the front end, pages still work as plain pages.
    if not path.exists():
        return {}
    manifest = _read_manifest(path.stat().st_mtime_ns)
    return dict(manifest.get(f"src/{name}.ts", {}))


@register.simple_tag
def entry_styles(name: str) -> SafeString:
    """The stylesheets of an entry."""
    sheets = ((static(f"built/{sheet}"),) for sheet in _entry(name).get("css", ()))
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', sheets)


@register.simple_tag
def entry_script(name: str) -> SafeString:
    """The module script of an entry."""
    entry = _entry(name)
    scripts = ((static(f"built/{entry['file']}"),) for _ in entry.get("file", "")[:1])
    return format_html_join("\n", '<script type="module" src="{}"></script>', scripts)
