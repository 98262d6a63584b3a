"""What a rule reads, column by column, and whether it may: asked before it ever runs.

The whole SQL is resolved (aliases, stars, CTEs, subqueries), every column is followed to the view it comes from, and
everything that is not known to be harmless is refused, with the column named.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope, traverse_scope

from kuai.guard.actions import DENIED_PURPOSES, permitted_purposes
from kuai.kit.errors import Refusal
from kuai.rules.engine.allowed_sql import find_form_faults
from kuai.rules.engine.exposure import find_exposures, is_birth, trace_columns
from kuai.rules.engine.forbidden_words import find_forbidden_word
from kuai.rules.engine.literals import find_literal_faults
from kuai.rules.engine.locality import Locality, find_locality
from kuai.rules.engine.views import logical_views
from kuai.rules.types import LogicalView, Rule, RuleFault, SubjectKind, ViewColumn

# Because it warns of what we refuse with a sentence of our own.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
_COLUMN_NAME = re.compile(r"^[a-z][a-z0-9_]{0,40}$")
REQUIRED_COLUMNS = ("subject_code", "rows", "confidence", "status")
SPARE_COLUMNS = ("place_code", "occasion")
SUBJECT_ELEMENTS = {
    "person": "person",
    "room": "place",
    "building": "place",
    "organisation": "organisation",
    "community": "place",
}


@dataclass(frozen=True)
class CheckedRule:
    """A rule that may run: the views it reads, with which columns, and the columns it yields.

    `population_is_subjects`: its population is of what its findings are about, and not of people behind them.
    """

    rule: Rule
    views: frozenset[str]
    reads: frozenset[str]
    columns: frozenset[str]
    population_is_subjects: bool
    asked: exp.Query
    population: exp.Query
    locality: Locality | None
    population_locality: Locality | None


def require_runnable(rule: Rule) -> CheckedRule:
    """The rule as looked through; refuses one with any fault."""
    checked, faults = look_through(rule)
    if faults or checked is None:
        raise Refusal(
            f"rule.{faults[0].code}",
            f"规则“{rule.rule_id}”不能运行：{faults[0]}",
            next_step="运行 kuai rules check 看全部问题。",
        )
    return checked


def look_through(rule: Rule) -> tuple[CheckedRule | None, tuple[RuleFault, ...]]:
    """What the rule reads, and everything that forbids it to run."""
    faults = list(_purpose_faults(rule))
    reads: set[str] = set()
    columns: frozenset[str] = frozenset()
    elements: set[str] = set()
    trees: dict[str, exp.Query] = {}
    for field, sql in (("sql", rule.sql), ("population", rule.population)):
        tree, found = resolve(sql)
        faults += [_placed(rule, field, one) for one in found]
        if tree is None:
            continue
        origins, untraced = trace_columns(tree)
        faults += [_placed(rule, field, one) for one in untraced]
        if untraced:
            continue
        trees[field] = tree
        used = set(columns_read(tree))
        reads |= used
        faults += [_placed(rule, field, one) for one in _column_faults(used, rule.purpose)]
        faults += [_placed(rule, field, one) for one in find_literal_faults(tree)]
        faults += [_placed(rule, field, one) for one in find_exposures(tree, origins)]
        names = frozenset(tree.named_selects)
        if field == "population":
            faults += [_placed(rule, field, one) for one in _population_faults(names)]
            elements = _elements_of(tree, "subject_code") if not faults else set()
            faults += [_placed(rule, field, one) for one in _whose_faults(rule, elements)]
            continue
        columns = names
        faults += [_placed(rule, field, one) for one in _output_faults(rule, names)]
        if not faults:
            faults += [_placed(rule, field, one) for one in _standing_faults(rule, tree)]
    if faults:
        return None, tuple(faults)
    views = frozenset(one.split(".")[0] for one in reads)
    is_same = (
        elements <= {SUBJECT_ELEMENTS[rule.subject], "element"}
        and rule.subject is not SubjectKind.COMMUNITY
    )
    asked, population = trees["sql"], trees["population"]
    return (
        CheckedRule(
            rule,
            views,
            frozenset(reads),
            columns,
            is_same,
            asked,
            population,
            find_locality(asked),
            find_locality(population),
        ),
        (),
    )


def _placed(rule: Rule, field: str, fault: RuleFault) -> RuleFault:
    line = rule.lines.get(field, 0)
    # The text of a block begins on the line after its name.
    text = rule.sql if field == "sql" else rule.population
    offset = fault.line or _line_of(fault.column, text)
    return replace(fault, file=rule.file, field=field, line=line + offset)


def _line_of(written: str, text: str) -> int:
    """On which line of the text stands what a fault names, from 1; the name alone where the whole is not there."""
    words = written.lower().split(" (")[0].strip()
    last = words.rpartition(".")[2]
    lines = text.lower().splitlines()
    for wanted in (words, last):
        pattern = rf"(?<!\w){re.escape(wanted)}(?!\w)"
        for number, line in enumerate(lines, start=1):
            if wanted and re.search(pattern, line):
                return number
    return 0


def _purpose_faults(rule: Rule) -> Iterator[RuleFault]:
    line = rule.lines.get("purpose", 0)
    if rule.purpose in DENIED_PURPOSES:
        sentence = f"用途“{rule.purpose}”被明令禁止：{DENIED_PURPOSES[rule.purpose]}"
        remedy = "规则不能为它运行"
    elif rule.purpose not in permitted_purposes():
        sentence, remedy = (
            f"没有登记过用途“{rule.purpose}”",
            f"可写：{'、'.join(sorted(permitted_purposes()))}",
        )
    elif permitted_purposes()[rule.purpose].keeps_list_secret:
        sentence = f"用途“{rule.purpose}”的名单保密，规则不能为它运行"
        remedy = "换一个用途"
    else:
        return
    yield RuleFault("purpose", sentence, remedy=remedy, file=rule.file, line=line, field="purpose")


def schema() -> dict[str, object]:
    """The views as sqlglot resolves against them."""
    return {
        view.name: {column.name: column.type for column in view.columns}
        for view in logical_views().values()
    }


def resolve(sql: str) -> tuple[exp.Query | None, list[RuleFault]]:
    """The statement with every column under the name of its table; or why it cannot be understood."""
    try:
        statements = [one for one in sqlglot.parse(sql, read="duckdb") if one is not None]
    except SqlglotError as fault:
        return None, [_syntax_fault(fault)]
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        return None, [RuleFault("only_select", "只能写一个 SELECT", remedy="去掉别的语句")]
    tree = statements[0]
    faults = [*_table_faults(tree), *find_form_faults(tree)]
    if faults:
        return None, faults
    try:
        resolved = qualify(
            tree.copy(), schema=schema(), dialect="duckdb", quote_identifiers=False, identify=False
        )
    except SqlglotError as fault:
        return None, _unknown_columns(tree, fault)
    # Once more, because resolving finds out what an alias alone stands for: a whole row, all its columns in it.
    return resolved, list(find_form_faults(resolved))


def _syntax_fault(fault: SqlglotError) -> RuleFault:
    """Where the statement stops making sense; the parser's own words are for whoever looks up what they mean."""
    errors = getattr(fault, "errors", None) or [{}]
    near, line = str(errors[0].get("highlight") or "").strip(), int(errors[0].get("line") or 0)
    remedy = f"看看“{near[:40]}”前后是不是少了逗号、括号或关键字" if near else _first_line(fault)
    return RuleFault("sql", "SQL 有语法错误", column=near[:40], remedy=remedy, line=line)


def _first_line(fault: Exception) -> str:
    return str(fault).splitlines()[0][:160]


def _table_faults(tree: exp.Query) -> Iterator[RuleFault]:
    own = {one.alias_or_name.lower() for one in tree.find_all(exp.CTE)}
    for name in own & set(logical_views()):
        yield RuleFault(
            "view_hidden", f"WITH 里的“{name}”与视图同名", column=name, remedy="换一个名字"
        )
    for table in tree.find_all(exp.Table):
        name = table.name.lower()
        if isinstance(table.this, exp.Func) or table.db or table.catalog or not name:
            shown = table.sql("duckdb")
            yield RuleFault(
                "view_unknown", f"不能读“{shown}”", column=shown, remedy="只能读列出的视图"
            )
        elif name not in own and name not in logical_views():
            reason = find_forbidden_word(name)
            yield RuleFault(
                "view_unknown",
                f"没有视图“{name}”" + (f"：{reason}" if reason else ""),
                column=name,
                remedy=f"可读的视图：{'、'.join(logical_views())}",
            )


def _unknown_columns(tree: exp.Query, fault: Exception) -> list[RuleFault]:
    """Every column that no view has, or else the one that could not be understood."""
    known = {column.name for view in logical_views().values() for column in view.columns}
    known |= {one.alias for one in tree.find_all(exp.Alias)}
    columns = list(tree.find_all(exp.Column))
    unknown = {one.sql("duckdb"): one for one in columns if one.name not in known}
    if unknown:
        return [_unknown_fault(one) for one in unknown.values()]
    for column in columns:
        if column.name in str(fault):
            return [_unknown_fault(column)]
    return [RuleFault("sql", "看不懂这段 SQL 里的列", remedy=_first_line(fault))]


def _unknown_fault(column: exp.Column) -> RuleFault:
    written, reason = column.sql("duckdb"), find_forbidden_word(column.name)
    return RuleFault(
        "column_unknown",
        f"没有“{written}”这一列" + (f"：{reason}" if reason else "，或不知道是哪个视图的"),
        column=written,
        remedy="写成 视图别名.列名；有哪些列见 kuai rules views",
        line=int(column.this.meta.get("line", 0)),
    )


def columns_read(tree: exp.Query) -> Iterator[str]:
    """VIEW.COLUMN of all that is read anywhere, in conditions and subqueries too; VIEW.* of a view only counted."""
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and source.name in logical_views():
                yield f"{source.name}.*"
        for column in scope.columns:
            view = _view_of(scope, column.table)
            if view is not None:
                yield f"{view.name}.{column.name}"


def _view_of(scope: Scope, table: str) -> LogicalView | None:
    source = scope.sources.get(table)
    outer = scope
    while source is None and outer.parent is not None:
        outer = outer.parent
        source = outer.sources.get(table)
    if isinstance(source, exp.Table):
        return logical_views().get(source.name)
    return None


def _column_faults(used: set[str], purpose: str) -> Iterator[RuleFault]:
    for one in sorted(used):
        view, _, name = one.partition(".")
        if name == "*":
            continue
        column = logical_views()[view].column(name)
        if column.purposes and purpose not in column.purposes:
            yield RuleFault(
                "column_purpose",
                f"“{one}”（{column.title_zh}）不能用于“{purpose}”",
                column=one,
                remedy=f"这一列只能用于：{'、'.join(column.purposes)}",
            )


def _population_faults(names: frozenset[str]) -> Iterator[RuleFault]:
    if names != {"subject_code"}:
        yield RuleFault(
            "population",
            "目标人群只能选出 subject_code 一列",
            remedy="写成 select … as subject_code from …",
        )


def _whose_faults(rule: Rule, elements: set[str]) -> Iterator[RuleFault]:
    """A population of something else would be as large as one likes. Of communities it is the people in them."""
    wanted = {SUBJECT_ELEMENTS[rule.subject], "element"}
    if rule.subject is not SubjectKind.COMMUNITY and elements - wanted:
        yield RuleFault(
            "population",
            f"目标人群要与 subject 是同一类（{rule.subject}）",
            column="subject_code",
            remedy="写成规则可能说到的全部对象",
        )


def _output_faults(rule: Rule, names: frozenset[str]) -> Iterator[RuleFault]:
    for name in sorted(names | set(rule.evidence)):
        reason = find_forbidden_word(name)
        if reason or not _COLUMN_NAME.match(name):
            yield RuleFault(
                "output",
                f"列不能叫“{name}”" + (f"：{reason}" if reason else ""),
                column=name,
                remedy="用小写字母、数字和下划线",
            )
    for name in (*REQUIRED_COLUMNS, *rule.evidence):
        if name not in names:
            yield RuleFault(
                "output", f"SELECT 里没有“{name}”这一列", column=name, remedy="补上这一列"
            )
    for name in sorted(names - {*REQUIRED_COLUMNS, *SPARE_COLUMNS, *rule.evidence}):
        yield RuleFault(
            "output",
            f"“{name}”既不是规定的列，也没有写在 evidence 里",
            column=name,
            remedy="去掉或写进 evidence",
        )


def _standing_faults(rule: Rule, tree: exp.Query) -> Iterator[RuleFault]:
    """What a finding says of itself must be that of all facts it rests on."""
    # Built once: without it every column was resolved anew, which took half of all looking through.
    scope = build_scope(tree)
    traced = {
        name: set(_leaves(lineage(name, tree, {}, dialect="duckdb", scope=scope)))
        for name in ("subject_code", "status", "confidence", "rows")
    }
    yield from _shown_faults(rule, tree, scope)
    element = SUBJECT_ELEMENTS[rule.subject]
    for one in sorted(traced["subject_code"]) or [""]:
        view, _, name = one.partition(".")
        column = logical_views()[view].column(name) if view else None
        if column is None or column.kind != "code" or column.element not in (element, "element"):
            yield RuleFault(
                "subject",
                f"subject_code 不是{rule.subject}的编码（来自“{one or '常数'}”）",
                column=one or "subject_code",
            )
    facts = {name for name in _present_views(tree) if logical_views()[name].has_standing}
    for name, own in (("status", "status"), ("confidence", "confidence"), ("rows", "row_ref")):
        for view in sorted(facts):
            if f"{view}.{own}" not in traced[name]:
                yield RuleFault(
                    "standing",
                    f"“{name}”没有算上所用事实“{view}.{own}”",
                    column=f"{view}.{own}",
                    remedy="status、confidence 用 least(…)，rows 用 concat_ws(' ', …)，把每个用到的视图都写上",
                )


def _shown_faults(rule: Rule, tree: exp.Query, scope: Scope | None) -> Iterator[RuleFault]:
    """What a finding shows must not be more than it says it is: no value among the rows, nobody behind a place."""

    def traced(name: str) -> list[str]:
        return sorted(_leaves(lineage(name, tree, {}, dialect="duckdb", scope=scope)))

    def column_of(name: str) -> ViewColumn:
        view, _, column = name.partition(".")
        return logical_views()[view].column(column)

    allowed = {
        "rows": lambda one: one.kind == "ref",
        "status": lambda one: one.name == "status",
        "confidence": lambda one: one.name == "confidence",
        "place_code": lambda one: one.kind == "code" and one.element in ("place", "element"),
    }
    names = set(tree.named_selects)
    for name in sorted(names):
        is_shown = name in rule.evidence or name == "occasion"
        for one in traced(name):
            column = column_of(one)
            is_own = allowed.get(name, lambda _: True)(column)
            tells = is_shown and (
                (column.kind == "code" and column.element in ("person", "element"))
                or column.kind == "ref"
                or (is_birth(column) and rule.subject is not SubjectKind.PERSON)
            )
            # How many there are says nothing of whom.
            if (not is_own or tells) and not _is_only_counted(tree, name):
                yield RuleFault("output", f"“{name}”里不能有“{one}”", column=one)


def _is_only_counted(tree: exp.Query, name: str) -> bool:
    return all(
        isinstance(one.unalias(), exp.Count)
        for select in tree.find_all(exp.Select)
        for one in select.expressions
        if one.alias_or_name == name
    )


def _present_views(tree: exp.Query) -> set[str]:
    """Views whose rows a finding rests on; not those that are only asked to have no such row."""
    return {
        table.name
        for table in tree.find_all(exp.Table)
        if table.name in logical_views() and not _is_absent(table)
    }


def _is_absent(table: exp.Expr) -> bool:
    asked = table.find_ancestor(exp.Exists, exp.In)
    while asked is not None:
        outside = asked.parent
        while isinstance(outside, exp.Paren):
            outside = outside.parent
        if isinstance(outside, exp.Not):
            return True
        asked = asked.find_ancestor(exp.Exists, exp.In)
    return False


def _elements_of(tree: exp.Query, name: str) -> set[str]:
    """Of what kind the codes in the column `name` of a statement are."""
    found = set()
    for one in _leaves(lineage(name, tree, {}, dialect="duckdb", scope=build_scope(tree))):
        view, _, column = one.partition(".")
        found.add(logical_views()[view].column(column).element)
    return found


def _leaves(node: Node) -> Iterator[str]:
    for one in node.walk():
        if isinstance(one.source, exp.Table) and one.source.name in logical_views():
            yield f"{one.source.name}.{one.name.rsplit('.', 1)[-1]}"
