"""What a rule does with codes, rows and birth dates, wherever aliases, subqueries and CTEs carried them.

Codes join with codes; rows are only listed; a birth date is only held against the day, some weeks wide. All else could
pick out one person, so it is refused: every use that is not listed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from kuai.rules.engine.literals import line_of
from kuai.rules.engine.views import logical_views
from kuai.rules.types import RuleFault, ViewColumn

# A window of birth dates narrower than this is a birthday.
FEWEST_DAYS = 28
_UNIT_DAYS = {"DAY": 1.0, "WEEK": 7.0, "MONTH": 30.44, "YEAR": 365.25}
_COMPARISONS = (exp.LT, exp.LTE, exp.GT, exp.GTE)
# Because each is true where the other is not: two such bounds are one line between two groups.
_OPPOSITE: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
    exp.LTE: exp.GT,
    exp.GT: exp.LTE,
}
_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.GT,
    exp.GT: exp.LT,
    exp.LTE: exp.GTE,
    exp.GTE: exp.LTE,
}
_LISTED = (exp.Select, exp.Alias, exp.Group, exp.Count, exp.Distinct)
Origins = Mapping[int, frozenset[str]]


def trace_columns(tree: exp.Query) -> tuple[Origins, list[RuleFault]]:
    """The VIEW.COLUMNs behind every column of a resolved statement, by id; and those that are of no view."""
    scopes = traverse_scope(tree)
    faults = [
        RuleFault("view_unknown", f"不能读“{source.sql('duckdb')}”", column=source.name)
        for scope in scopes
        for source in scope.sources.values()
        if isinstance(source, exp.Table) and source.name not in logical_views()
    ]
    if faults:
        return {}, faults
    origins: dict[int, frozenset[str]] = {}
    for scope in scopes:
        for column in scope.columns:
            found = _behind(scope, column)
            if found is not None:
                origins[id(column)] = found
    return origins, [*_mixed_sides(tree, scopes), *_untraced(tree, origins)]


def _mixed_sides(tree: exp.Query, scopes: Iterable[Scope]) -> Iterator[RuleFault]:
    for scope in scopes:
        if scope.expression is tree and scope.set_operation_scopes:
            for name in tree.named_selects:
                if _yielded(scope, name) is None:
                    sentence = f"UNION 一边的“{name}”是常数，另一边是编码"
                    yield RuleFault("column_unknown", sentence, column=name)


def _untraced(tree: exp.Query, origins: Origins) -> Iterator[RuleFault]:
    for column in tree.find_all(exp.Column):
        if id(column) not in origins and not _is_own_alias(column):
            written = column.sql("duckdb")
            yield RuleFault(
                "column_unknown", f"不知道“{written}”是哪个视图的哪一列", column=written,
                remedy="写成 视图别名.列名",
            )  # fmt: skip


def _behind(scope: Scope, column: exp.Column) -> frozenset[str] | None:
    """The columns of views that a column's values are made of; None if it is of nothing known."""
    outer: Scope | None = scope
    while outer is not None and column.table not in outer.sources:
        outer = outer.parent
    if outer is None:
        return None
    source = outer.sources[column.table]
    if isinstance(source, exp.Table):
        known = logical_views()[source.name].column_names
        return frozenset({f"{source.name}.{column.name}"}) if column.name in known else None
    return _yielded(source, column.name)


def _yielded(scope: Scope, name: str) -> frozenset[str] | None:
    """What the column `name` of a subquery is made of; of a union, what either side yields in its place."""
    query = scope.expression
    assert isinstance(query, exp.Query)
    if scope.set_operation_scopes:
        names = list(query.named_selects)
        if name not in names:
            return None
        place = names.index(name)
        sides = []
        for side in scope.set_operation_scopes:
            assert isinstance(side.expression, exp.Query)
            sides.append(_yielded(side, side.expression.named_selects[place]) or frozenset())
        behind = frozenset().union(*sides)
        # A constant on one side would go on as if it were a code of the other.
        has_code = any(_is_code(_view_column(one)) for one in behind)
        return None if has_code and not all(sides) else behind
    for expression in query.selects:
        if expression.alias_or_name == name:
            inside = [_inside(scope, column) for column in expression.find_all(exp.Column)]
            return frozenset().union(*(one or frozenset() for one in inside))
    return None


def _inside(scope: Scope, column: exp.Column) -> frozenset[str] | None:
    """`_behind` of a column that may stand in a subquery of its own within the expression."""
    for inner in scope.traverse():
        if any(column is one for one in inner.columns):
            return _behind(inner, column)
    return _behind(scope, column)


def _is_own_alias(column: exp.Column) -> bool:
    """Whether it is what its own select calls one of its columns, to sort by."""
    select = column.find_ancestor(exp.Select)
    return (
        not column.table
        and select is not None
        and column.find_ancestor(exp.Ordered) is not None
        and column.name in select.named_selects
        and column.name not in {one.alias_or_name for one in select.find_all(exp.Table)}
    )


def find_exposures(tree: exp.Query, origins: Origins) -> Iterator[RuleFault]:
    """Every use of a code, a row or a birth date that is not listed; windows over all; columns that hide a name."""
    for column in tree.find_all(exp.Column):
        behind = [_view_column(one) for one in sorted(origins.get(id(column), ()))]
        for kind, allows, sentence in _USES:
            if any(kind(one) for one in behind) and not allows(column, origins):
                yield RuleFault(
                    "exposure", f"“{column.sql('duckdb')}”{sentence}", column=_named(column, origins),
                    remedy="换一种写法，或去掉",
                    line=line_of(column),
                )  # fmt: skip
                break
    for window in tree.find_all(exp.Window):
        parted = [
            one for one in window.args.get("partition_by") or () if isinstance(one, exp.Column)
        ]
        if not any(_is_of(one, origins, _is_code) for one in parted):
            yield RuleFault(
                "exposure", "窗口函数要按一个编码分组（PARTITION BY），不能给全部排序", column="partition by",
            )  # fmt: skip
    yield from _narrow_births(tree, origins)
    yield from _untied_tables(tree, origins)
    yield from _days_across_rows(tree, origins)


def _named(column: exp.Column, origins: Origins) -> str:
    behind = sorted(origins.get(id(column), ()))
    written = column.sql("duckdb")
    return (
        written
        if any(one.endswith(f".{column.name}") for one in behind)
        else f"{written} ({'、'.join(behind)})"
    )


def _view_column(name: str) -> ViewColumn:
    view, _, column = name.partition(".")
    return logical_views()[view].column(column)


def _is_code(column: ViewColumn) -> bool:
    return column.kind == "code"


def _is_row(column: ViewColumn) -> bool:
    return column.kind == "ref"


def is_birth(column: ViewColumn) -> bool:
    """Whether the column is a birth date."""
    return column.kind == "day" and column.level >= 3


def _is_of(column: exp.Expr, origins: Origins, kind: Callable[[ViewColumn], bool]) -> bool:
    behind = origins.get(id(column), frozenset())
    return bool(behind) and all(kind(_view_column(one)) for one in behind)


def _outside(node: exp.Expr) -> exp.Expr | None:
    outside = node.parent
    while isinstance(outside, exp.Paren):
        outside = outside.parent
    return outside


def _is_listed(column: exp.Column) -> bool:
    """Shown, grouped by, counted, or asked whether it is there at all."""
    outside = _outside(column)
    if isinstance(outside, exp.Is):
        return isinstance(outside.expression, exp.Null)
    if isinstance(outside, exp.Count):
        # To count the values that a comparison leaves is to compare them.
        return True
    return isinstance(outside, _LISTED)


def _allows_code(column: exp.Column, origins: Origins) -> bool:
    outside = _outside(column)
    if isinstance(outside, exp.EQ | exp.NEQ | exp.NullSafeEQ | exp.NullSafeNEQ):
        return all(_is_of(one.unnest(), origins, _is_code) for one in (outside.left, outside.right))
    if isinstance(outside, exp.In):
        return _yields_codes(outside.args.get("query"), origins) and not outside.expressions
    if isinstance(outside, exp.Coalesce):
        parts = [outside.this, *outside.expressions]
        return all(_is_of(one, origins, _is_code) for one in parts) and isinstance(
            _outside(outside), exp.Select | exp.Alias | exp.Group
        )
    if isinstance(outside, exp.Window):
        return any(column is one for one in outside.args.get("partition_by") or ())
    return _is_listed(column)


def _yields_codes(query: exp.Expr | None, origins: Origins) -> bool:
    """Whether every SELECT of an IN (...) yields a code."""
    if query is None:
        return False
    inner = query.unnest()
    if isinstance(inner, exp.Union):
        return all(_yields_codes(one, origins) for one in (inner.left, inner.right))
    return isinstance(inner, exp.Select) and all(
        _is_of(one.unalias(), origins, _is_code) for one in inner.expressions
    )


def _allows_row(column: exp.Column, _origins: Origins) -> bool:
    """Rows are gathered and shown: which of several is told decides nothing, so least and greatest may pick one."""
    outside = _outside(column)
    while isinstance(
        outside,
        exp.GroupConcat | exp.ConcatWs | exp.Min | exp.Max | exp.Order | exp.Ordered | exp.Coalesce,
    ):
        outside = _outside(outside)
    return isinstance(outside, exp.Select | exp.Alias | exp.Window)


def _allows_birth(column: exp.Column, _origins: Origins) -> bool:
    outside = _outside(column)
    if isinstance(outside, _COMPARISONS):
        other = outside.right if outside.left.unnest() is column else outside.left
        return _days_off(other) is not None and not _is_turned(outside)
    if isinstance(outside, exp.Cast):
        return isinstance(_outside(outside), exp.Alias)
    return _is_listed(column)


def _is_turned(comparison: exp.Expr) -> bool:
    outside = _outside(comparison)
    return isinstance(outside, exp.Not)


def _is_text(column: ViewColumn) -> bool:
    return column.kind == "text"


def _is_confidence(column: ViewColumn) -> bool:
    return column.kind == "standing" and column.name == "confidence"


def _is_own_day(column: ViewColumn) -> bool:
    """A day of somebody's own: a move's, a letting's, a signal's at one room."""
    return column.kind == "day" and column.level >= 2


def _allows_text(column: exp.Column, _origins: Origins) -> bool:
    return _is_listed(column)


def _allows_confidence(column: exp.Column, _origins: Origins) -> bool:
    """Four places of a confidence are a finger on one row: only `least_confidence` asks for it."""
    found = column.find_ancestor(
        exp.Select, exp.Where, exp.Having, exp.Qualify, exp.Join, exp.Case, exp.If
    )
    return isinstance(found, exp.Select)


def _allows_own_day(column: exp.Column, _origins: Origins) -> bool:
    return not isinstance(_outside(column), exp.Day)


_USES: tuple[tuple[Callable[[ViewColumn], bool], Callable[[exp.Column, Origins], bool], str], ...] = (
    (_is_code, _allows_code, "是编码：只能与编码相等、计数、分组或列出，不能比大小、取最大最小或与常数相比"),
    (_is_row, _allows_row, "是所依据的行：只能列出，不能相比"),
    (is_birth, _allows_birth, "是出生日期：只能写成早于或晚于 :day 减若干年，不能取某一天、不能换算"),
    (_is_text, _allows_text, "是别人写下的字：只能列出、分组、计数，不能相比"),
    (_is_confidence, _allows_confidence, "不能作条件：只写 least_confidence"),
    (_is_own_day, _allows_own_day, "不能取出几号：只与 :day 相比"),
)  # fmt: skip


def _narrow_births(tree: exp.Query, origins: Origins) -> Iterator[RuleFault]:
    """Two bounds on a birth date between which lies hardly more than a birthday."""
    bounds: list[tuple[exp.Column, str, float, type[exp.Expr]]] = []
    for column in tree.find_all(exp.Column):
        outside = _outside(column)
        if not isinstance(outside, _COMPARISONS) or not _is_of(column, origins, is_birth):
            continue
        is_left = outside.left.unnest() is column
        other = outside.right if is_left else outside.left
        days = _days_off(other)
        if days is not None:
            sort = type(outside) if is_left else _TURNED[type(outside)]
            start = "year" if other.find(exp.TimestampTrunc, exp.DateTrunc) else "day"
            bounds.append((column, start, days, sort))
    for one, other_bound in combinations(bounds, 2):
        (column, start, days, sort), (_, start_too, days_too, sort_too) = one, other_bound
        if days == days_too and start == start_too and sort_too in (sort, _OPPOSITE[sort]):
            continue
        # What begins with the year may lie anywhere within a year of what begins today.
        apart = abs(days - days_too) - (0.0 if start == start_too else 366.0)
        if apart < FEWEST_DAYS:
            yield RuleFault(
                "exposure",
                f"“{column.sql('duckdb')}”的两个界限相距不到 {FEWEST_DAYS} 天，等于写了生日",
                column=column.sql("duckdb"),
                remedy="放宽到一个月以上",
                line=line_of(column),
            )


def _ties(tree: exp.Expr, origins: Origins) -> set[frozenset[str]]:
    """The pairs of tables that an equality of codes ties together, wherever it must hold."""
    tied = set()
    for one in tree.find_all(exp.EQ):
        left, right = one.left.unnest(), one.right.unnest()
        if not isinstance(left, exp.Column) or not isinstance(right, exp.Column):
            continue
        outside = one.parent
        while isinstance(outside, exp.And | exp.Paren):
            outside = outside.parent
        is_of_codes = _is_of(left, origins, _is_code) and _is_of(right, origins, _is_code)
        if is_of_codes and isinstance(outside, exp.Where | exp.Join):
            tied.add(frozenset({left.table, right.table}))
    return tied


def _untied_tables(tree: exp.Query, origins: Origins) -> Iterator[RuleFault]:
    """Tables of one FROM that no code ties together: every row would stand beside every other, to be counted off."""
    for select in tree.find_all(exp.Select):
        source = select.args.get("from_") or select.args.get("from")
        names = [one.alias_or_name for one in (select.args.get("joins") or ())]
        if source is None or not names:
            continue
        tied = _ties(select, origins)
        reached = {source.this.alias_or_name}
        left = set(names)
        while True:
            near = {name for name in left if any(name in one and one & reached for one in tied)}
            if not near:
                break
            reached |= near
            left -= near
        for name in sorted(left):
            yield RuleFault(
                "exposure", f"“{name}”没有用编码与前面的视图对接", column=name,
                remedy="写上 JOIN … ON 两边的编码相等",
            )  # fmt: skip


def _days_across_rows(tree: exp.Query, origins: Origins) -> Iterator[RuleFault]:
    """Somebody's day held against other people's: the first, the last, the seventeenth of all is one person."""
    tied = _ties(tree, origins)
    for one in tree.find_all(*_COMPARISONS, exp.EQ, exp.NEQ, exp.In, exp.Between):
        days = [
            column
            for column in one.find_all(exp.Column)
            if _is_of(column, origins, lambda it: _is_own_day(it) or is_birth(it))
        ]
        here = [column for column in days if column.find_ancestor(exp.Select, type(one)) is one]
        within = [column for column in days if column not in here and _yields_day(column, one)]
        tables = {column.table for column in here}
        is_across = len(tables) > 1 and not any(tables <= pair for pair in tied)
        if (here and within) or is_across:
            column = here[0]
            yield RuleFault(
                "exposure", f"“{column.sql('duckdb')}”只能与 :day 比，或与编码对接的另一条比",
                column=_named(column, origins), remedy="不能给所有人的日子排先后",
                line=line_of(column),
            )  # fmt: skip


def _yields_day(column: exp.Column, comparison: exp.Expr) -> bool:
    """Whether a subquery of the comparison yields the column, not only asks it."""
    found = column.find_ancestor(exp.Select, exp.Where, exp.Having, exp.Join)
    return isinstance(found, exp.Select) and found.find_ancestor(type(comparison)) is comparison


def _days_off(node: exp.Expr) -> float | None:
    """How many days from :day (or the first of its year) an expression lies; None if it is made of anything else."""
    node = node.unnest()
    if isinstance(node, exp.Placeholder):
        return 0.0
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
        unit = node.args.get("unit")
        is_year = unit is not None and str(unit.name).upper() == "YEAR"
        return _days_off(node.this) if is_year else None
    if isinstance(node, exp.Cast):
        return _days_off(node.this) if node.to.is_type(exp.DataType.Type.DATE) else None
    if isinstance(node, exp.Add | exp.Sub) and isinstance(node.right, exp.Interval):
        start, step = _days_off(node.left), _interval_days(node.right)
        if start is None or step is None:
            return None
        return start + step if isinstance(node, exp.Add) else start - step
    return None


def _interval_days(interval: exp.Interval) -> float | None:
    number, unit = interval.this, interval.args.get("unit")
    days = _UNIT_DAYS.get(str(unit.name).upper().removesuffix("S")) if unit is not None else None
    if days is None or not isinstance(number, exp.Literal) or not str(number.this).isdigit():
        return None
    return days * int(number.this)
