"""Links between committed pages lead to files that are there, and to headings that are there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.house.tracked_files import REPOSITORY, tracked_texts

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
# Made by driving the portal (`make pictures`), so a checkout may be a picture behind.
MADE_LATER = frozenset({"docs/pictures/portal.png"})


def pages() -> dict[str, str]:
    return {name: text for name, text in tracked_texts() if name.endswith(".md")}


def anchors_of(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


def dead_links(name: str, text: str) -> list[str]:
    found = []
    for link in LINK.findall(CODE.sub("", text)):
        if "://" in link or link.startswith("mailto:"):
            continue
        target, _, anchor = link.partition("#")
        path = (REPOSITORY / name).parent / target if target else REPOSITORY / name
        known = path.exists() or str(path.resolve().relative_to(REPOSITORY)) in MADE_LATER
        if not known or (anchor and anchor not in anchors_of(Path(path).read_text("utf-8"))):
            found.append(link)
    return found


def test_links_of_committed_pages_are_alive() -> None:
    found = {name: dead_links(name, text) for name, text in pages().items()}
    assert len(found) > 20
    assert {name: links for name, links in found.items() if links} == {}


def dead_paths(text: str) -> list[str]:
    """Files of the checkout that are named between backticks and are not there."""
    named = re.findall(r"`((?:kuai|tests|docs|scripts|benchmarks|frontend)/[\w./-]*\w)`", text)
    return [path for path in named if not (REPOSITORY / path).exists()]


def test_files_named_in_committed_pages_are_there() -> None:
    found = {name: dead_paths(text) for name, text in pages().items()}
    assert {name: paths for name, paths in found.items() if paths} == {}


def test_a_dead_link_is_seen() -> None:
    assert dead_links("README.md", "[a](docs/nowhere.md) [b](LICENSE) `[c](x)`") == [
        "docs/nowhere.md"
    ]
    assert dead_links("docs/tour.md", "[a](glossary.md#no-such-heading)") == [
        "glossary.md#no-such-heading"
    ]


def test_a_dead_path_is_seen() -> None:
    assert dead_paths("see `tests/house/no_such_test.py` and `kuai/kit`") == [
        "tests/house/no_such_test.py"
    ]


def test_every_document_is_linked_from_another() -> None:
    texts = pages()
    linked = {
        str(((REPOSITORY / name).parent / link.partition("#")[0]).resolve())
        for name, text in texts.items()
        for link in LINK.findall(text)
        if "://" not in link
    }
    documents = [name for name in texts if name.startswith("docs/")]
    assert [name for name in documents if str(REPOSITORY / name) not in linked] == []
