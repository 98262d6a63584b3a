"""Every word that a Chinese reader sees has its English, and the compiled catalogue is the one of the text."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from django.conf import settings

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "scripts"))

from compile_messages import as_mo, read_po  # noqa: E402

WEB = settings.WEB_FOLDER
CATALOGUE = WEB / "locale" / "en" / "LC_MESSAGES" / "django.po"
IN_TEMPLATES = re.compile(r"""\{%\s*translate\s+(["'])(.+?)\1|_\((["'])(.+?)\3\)""")
IN_CODE = re.compile(r"""\b_\(\s*"([^"]+)"|gettext_lazy\(\s*"([^"]+)\"""")


def list_words() -> set[str]:
    """Every text marked for translation on pages and in code."""
    words: set[str] = set()
    for template in (WEB / "templates").rglob("*.html"):
        for found in IN_TEMPLATES.finditer(template.read_text(encoding="utf-8")):
            words.add(found.group(2) or found.group(4))
    for module in WEB.rglob("*.py"):
        for found in IN_CODE.finditer(module.read_text(encoding="utf-8")):
            words.add(found.group(1) or found.group(2))
    return words


def test_every_marked_text_has_its_english() -> None:
    words = list_words()
    assert len(words) > 250
    missing = words - read_po(CATALOGUE).keys()
    assert not missing, missing


def test_no_english_is_chinese() -> None:
    chinese = [
        value
        for value in read_po(CATALOGUE).values()
        if re.search(r"[\u4e00-\u9fff]", value) and value != "Kuai 块"
    ]
    assert chinese == []


def test_placeholders_survive_translation() -> None:
    for key, value in read_po(CATALOGUE).items():
        if key:
            assert set(re.findall(r"%\(\w+\)s", key)) == set(re.findall(r"%\(\w+\)s", value)), key


def test_the_compiled_catalogue_is_up_to_date() -> None:
    assert CATALOGUE.with_suffix(".mo").read_bytes() == as_mo(read_po(CATALOGUE))


def test_no_page_holds_chinese_that_is_not_marked() -> None:
    """Everything outside tags and translate marks is either a name or a mistake."""
    allowed = {"500.html"}
    unmarked = []
    for template in (WEB / "templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        text = re.sub(r"\{%\s*blocktranslate.*?endblocktranslate\s*%\}", "", text, flags=re.S)
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.S)
        if re.search(r"[\u4e00-\u9fff]", text) and template.name not in allowed:
            unmarked.append((template.name, re.findall(r"[\u4e00-\u9fff]+", text)))
    assert unmarked == [("base.html", ["块", "中文"])]
