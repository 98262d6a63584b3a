"""Where rules lie: packs that come with the house, and those an office writes into its store. Private."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from kuai.kit.errors import DataFault, Refusal, Where
from kuai.kit.store import Store
from kuai.rules.engine.rule_files import read_rule
from kuai.rules.types import Rule

PACK_FOLDER = Path(__file__).resolve().parent / "packs"
# Beside builds and not in one, because an office writes it.
STORE_FOLDER = Path("rules") / "packs"


def read_rules(store: Store | None = None) -> tuple[Rule, ...]:
    """All rules, by id: of the house, then of the store; refuses an id that is there twice."""
    found = dict(_of_house())
    if store is not None:
        for rule in read_folder(store.root / STORE_FOLDER, shown_from=store.root):
            if rule.rule_id in found:
                raise DataFault(
                    "rule.twice",
                    f"规则“{rule.rule_id}”已经有了（{found[rule.rule_id].file}）",
                    where=Where(file=rule.file),
                    remedy="换一个包名或规则名",
                )
            found[rule.rule_id] = rule
    return tuple(found[name] for name in sorted(found))


def read_rule_named(rule_id: str, store: Store | None = None) -> Rule:
    """The rule; refuses one that nobody wrote."""
    for rule in read_rules(store):
        if rule.rule_id == rule_id:
            return rule
    raise Refusal(
        "rule.unknown", f"没有规则“{rule_id}”。", next_step="运行 kuai rules list 看有哪些规则。"
    )


def read_folder(folder: Path, *, shown_from: Path) -> list[Rule]:
    """The rules of `folder`/PACK/RULE.yaml; faults name the file as seen from `shown_from`."""
    rules = []
    for path in sorted(folder.glob("*/*.yaml")):
        name = path.relative_to(shown_from).as_posix()
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise DataFault(
                "rule.encoding", "文件不是 UTF-8", where=Where(file=name), remedy="另存为 UTF-8"
            ) from None
        rules.append(read_rule(text, file=name, pack=path.parent.name))
    return rules


@cache
def _of_house() -> tuple[tuple[str, Rule], ...]:
    rules = read_folder(PACK_FOLDER, shown_from=PACK_FOLDER.parent)
    return tuple((rule.rule_id, rule) for rule in rules)
