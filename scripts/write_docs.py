"""Write docs/modules.md, docs/data-dictionary.md and the tables of docs/relations.md (`make docs`).

Read from: the import contract, the rooms' READMEs, their doors' docstrings, the declared bulk tables, the catalogue
of relations, the kinds of source. Nothing is imported but the rooms' `types` and what reads those two;
`tests/house/test_docs_are_fresh.py` compares the result with what is committed.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
HOUSE = REPOSITORY / "kuai"
GENERATED = "<!-- Written by `make docs`; edit the sources it names, not this file. -->"
DOORS = (
    "actions",
    "queries",
    "access",
    "ledger",
    "route_rules",
    "command_rules",
    "decisions",
    "serving",
    "parsing",
)
RELATIONS_BEGIN = "<!-- relations: written by `make docs` -->"
RELATIONS_END = "<!-- /relations -->"
LEVEL_WORDS = {
    "1": "public 公开",
    "2": "internal 内部",
    "3": "sensitive 敏感",
    "4": "highly sensitive 高敏",
}


@dataclass(frozen=True)
class Door:
    """One name a room lets others import, and the first sentence of its docstring."""

    module: str
    name: str
    sentence: str


def storeys() -> list[list[str]]:
    """The floor plan, top to bottom, as the import contract lists it."""
    text = (REPOSITORY / ".importlinter").read_text(encoding="utf-8")
    lines = text.split("layers =\n", maxsplit=1)[1].splitlines()
    plan = []
    for line in lines:
        if not line.startswith(" "):
            break
        plan.append([room.strip() for room in line.split("|")])
    return plan


def opening_of(room: str) -> tuple[str, str]:
    """Title and first paragraph of a room's README; empty where it has none yet."""
    path = HOUSE / room / "README.md"
    if not path.exists():
        return "", ""
    title, _, rest = path.read_text(encoding="utf-8").partition("\n")
    paragraphs = [part.strip() for part in rest.split("\n\n") if part.strip()]
    first = next((part for part in paragraphs if not part.startswith(("#", "|", "```"))), "")
    return title.lstrip("# "), relinked(" ".join(first.split()), room=room)


def relinked(text: str, *, room: str) -> str:
    """Links of a room's README as seen from docs/."""

    def from_docs(match: re.Match[str]) -> str:
        target = match.group(2)
        if "://" in target or target.startswith("#"):
            return match.group()
        path = (HOUSE / room / target).resolve()
        inside_docs = REPOSITORY / "docs"
        seen = (
            path.relative_to(inside_docs)
            if path.is_relative_to(inside_docs)
            else Path("..") / path.relative_to(REPOSITORY)
        )
        return f"[{match.group(1)}]({seen})"

    return re.sub(r"\[([^\]]*)\]\(([^)]*)\)", from_docs, text)


def doors_of(room: str) -> Iterator[Door]:
    """What others may call: public functions and classes of the room's door modules, re-exports included."""
    for module in DOORS:
        path = HOUSE / room / f"{module}.py"
        if path.exists():
            yield from (Door(module, name, sentence) for name, sentence in exports_of(path))


def exports_of(path: Path) -> list[tuple[str, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    sentences = definitions_in(tree)
    listed = listed_names(tree)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kuai."):
            origin = REPOSITORY / Path(*str(node.module).split(".")).with_suffix(".py")
            known = definitions_of(origin)
            for alias in node.names:
                name = alias.asname or alias.name
                if name in listed and alias.name in known:
                    sentences[name] = known[alias.name]
    names = listed or [name for name in sentences if not name.startswith("_")]
    return [(name, sentences[name]) for name in sorted(names, key=str.lower) if name in sentences]


def definitions_of(path: Path) -> dict[str, str]:
    return definitions_in(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else {}


def definitions_in(tree: ast.Module) -> dict[str, str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {
        node.name: first_sentence(ast.get_docstring(node) or "")
        for node in tree.body
        if isinstance(node, kinds)
    }


def listed_names(tree: ast.Module) -> list[str]:
    """`__all__`, if the module has one."""
    assigned = (node for node in tree.body if isinstance(node, ast.Assign))
    for node in assigned:
        if ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def first_sentence(docstring: str) -> str:
    return " ".join(docstring.split("\n\n")[0].split())


def modules_page() -> str:
    """docs/modules.md."""
    lines = [
        "# Modules",
        "",
        GENERATED,
        "",
        "Imports go **downwards only**; rooms on one line do not know each other. From outside a room only its",
        "doors may be imported; `kit` and `flows` are open. Held by [.importlinter](../.importlinter) and",
        "`tests/house`; why: [0001](decisions/0001-storeys-and-doors.md).",
        "",
        "```text",
        *("  ".join(f"{room:<11}" for room in rooms).rstrip() for rooms in storeys()),
        "```",
    ]
    for rooms in storeys():
        for room in rooms:
            lines += ["", *room_section(room)]
    return "\n".join(lines) + "\n"


def room_section(room: str) -> list[str]:
    title, paragraph = opening_of(room)
    lines = [f"## {room}", ""]
    if title:
        lines += [f"[{title}](../kuai/{room}/README.md). {paragraph}"]
    else:
        lines += ["No README yet."]
    doors = list(doors_of(room))
    if doors:
        lines += ["", "| door | what it does |", "|---|---|"]
        lines += [f"| `{door.module}.{door.name}` | {cell(door.sentence)} |" for door in doors]
    return lines


def dictionary_page() -> str:
    """docs/data-dictionary.md."""
    tables = declared_tables()
    lines = [
        "# Data dictionary",
        "",
        GENERATED,
        "",
        "Every bulk table a build writes, as declared in the rooms' `types.py`. A stage can write no other table and",
        "no other column. Tables of the work database carry the same labels at their models",
        "(`tests/house/test_table_privacy.py`).",
        "",
        "Levels (分级, after GB/T 43697-2024): "
        + ", ".join(f"L{level} {words}" for level, words in LEVEL_WORDS.items())
        + ". Any value of a child under 14 is L4, whatever its column says.",
        "",
        "| table | room | zone | one row is |",
        "|---|---|---|---|",
        *(
            f"| [`{table.name}`](#{table.name}) | {table.owner} | {table.zone} | {cell(table.row)} |"
            for table in tables
        ),
    ]
    for table in tables:
        lines += [
            "",
            f"## {table.name}",
            "",
            f"{table.row} Room `{table.owner}`, zone {table.zone}. Kept: {table.retention}. Ordered by"
            f" {', '.join(f'`{name}`' for name in table.order_by)}.",
            "",
            "| column | type | level | meaning |",
            "|---|---|---|---|",
            *(
                f"| `{one.name}` | {one.type} | {one.level.name} | {cell(one.meaning)} |"
                for one in table.columns
            ),
        ]
    return "\n".join(lines) + "\n"


def declared_tables() -> list[Any]:
    """The catalogue once every room has declared its tables."""
    sys.path.insert(0, str(REPOSITORY))
    for path in sorted((*HOUSE.glob("*/types.py"), *HOUSE.glob("services/*/tables.py"))):
        importlib.import_module(".".join(("kuai", *path.relative_to(HOUSE).with_suffix("").parts)))
    from kuai.kit.tables import CATALOGUE

    return sorted(CATALOGUE.tables.values(), key=lambda table: table.name)


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def relations_page() -> str:
    """docs/relations.md: written by hand but for the tables between its marks."""
    written = (REPOSITORY / "docs" / "relations.md").read_text(encoding="utf-8")
    before, _, rest = written.partition(RELATIONS_BEGIN)
    _, _, after = rest.partition(RELATIONS_END)
    tables = "\n".join(relation_tables())
    return f"{before}{RELATIONS_BEGIN}\n\n{tables}\n\n{RELATIONS_END}{after}"


def relation_tables() -> Iterator[str]:
    """The 22 and the structural ones, each with where it comes from and who vouches for it."""
    sys.path.insert(0, str(REPOSITORY))
    from kuai.registry.engine.relation_types import read_relation_types
    from kuai.sources.engine.dictionary import load_dictionary

    origins: dict[str, list[str]] = {}
    for template in load_dictionary().templates.values():
        said = {link.relation for link in template.links}
        said |= {link.organisation_relation for link in template.links} - {""}
        said |= {"PT_USES", "PT_REGISTERED"} if template.contact_phones else set()
        said |= {"EE_DUPLICATE", "EE_DERIVED"} if template.event in ("request", "case") else set()
        for code in said if template.zone == "core" else ():
            origins.setdefault(code, []).append(template.title)
    catalogue = read_relation_types(HOUSE / "registry" / "relations.yaml")
    head = "| code | 关系 | meaning | from → to | card. | tier | kinds of source | confirmed by | conflict |"
    for title, is_structural in (("The 22", False), ("Structural, outside the 22", True)):
        yield from ("", f"**{title}**", "", head, "|---|---|---|---|---|---|---|---|---|")
        for one in catalogue:
            if one.is_structural is is_structural:
                yield relation_line(one, origins.get(one.code, ["统一地址库"]))


def relation_line(one: Any, origins: list[str]) -> str:
    confirmed = " → ".join(one.verified_by.values()) or "nobody"
    meaning = one.title_en + (" (either way)" if one.is_symmetric else "")
    card = one.cardinality + (", one room at a time" if one.has_one_primary else "")
    cells = (
        f"`{one.code}`",
        one.title_zh,
        meaning,
        f"{one.from_element} → {one.to_element}",
        card,
        str(one.tier),
        "、".join(origins),
        confirmed,
        f"`{one.conflict}`" if one.conflict else "",
    )
    return f"| {' | '.join(cells)} |"


def pages() -> Mapping[Path, str]:
    """What the generated pages should hold."""
    docs = REPOSITORY / "docs"
    return {
        docs / "modules.md": modules_page(),
        docs / "data-dictionary.md": dictionary_page(),
        docs / "relations.md": relations_page(),
    }


def main() -> None:
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(REPOSITORY))


if __name__ == "__main__":
    main()
