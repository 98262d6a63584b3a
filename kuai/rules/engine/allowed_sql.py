"""The SQL a rule may be written in: only forms that are listed, deterministic and carried to other engines."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from kuai.rules.types import RuleFault

DAY = "day"
FORMS: tuple[type[exp.Expr], ...] = (
    exp.Select, exp.Union, exp.Subquery, exp.CTE, exp.With, exp.From, exp.Join, exp.Where, exp.Group, exp.Having,
    exp.Qualify, exp.Window, exp.WindowSpec, exp.Order, exp.Ordered, exp.Distinct, exp.Table, exp.TableAlias,
    exp.Identifier, exp.Column, exp.Star, exp.Alias, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Placeholder,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.In, exp.Between,
    exp.Exists, exp.Case, exp.If, exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Interval, exp.Var, exp.Cast,
    exp.DataType, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Tuple,
)  # fmt: skip
FUNCTIONS: tuple[type[exp.Expr], ...] = (
    exp.Count, exp.Min, exp.Max, exp.Sum, exp.Least, exp.Greatest, exp.Coalesce, exp.ConcatWs, exp.GroupConcat,
    exp.RowNumber, exp.Year, exp.Month, exp.Day, exp.DateDiff, exp.DateTrunc, exp.TimestampTrunc,
)  # fmt: skip
KNOWN = (*FORMS, *FUNCTIONS)
KNOWN_NAMES = (
    "count、min、max、sum、least、greatest、coalesce、concat_ws、string_agg、row_number、year、month、day、date_diff、"
    "date_trunc"
)


def find_form_faults(tree: exp.Expr) -> Iterator[RuleFault]:
    """Every part of the statement that is not of a listed form."""
    for node in tree.walk():
        if isinstance(node, exp.Placeholder):
            if node.name != DAY:
                yield RuleFault(
                    "parameter", f"参数“:{node.name}”不认识", column=f":{node.name}",
                    remedy="只有 :day（今天），别的都写在规则里",
                )  # fmt: skip
        elif isinstance(node, exp.Func) and type(node) not in KNOWN:
            name = node.sql("duckdb").partition("(")[0]
            yield RuleFault(
                "function", f"不能用函数“{name.lower()}”", column=_columns_in(node) or name.lower(),
                remedy=f"可用：{KNOWN_NAMES}；今天只能写 :day",
            )  # fmt: skip
        elif type(node) not in KNOWN:
            yield RuleFault(
                "form",
                f"不能用这种写法：{type(node).__name__}",
                column=_columns_in(node) or type(node).__name__,
            )
    yield from _clause_faults(tree)
    yield from _naming_faults(tree)


def _clause_faults(tree: exp.Expr) -> Iterator[RuleFault]:
    for select in tree.find_all(exp.Select):
        for name in ("limit", "offset", "sample", "laterals", "pivots", "kind", "into", "locks"):
            if select.args.get(name):
                yield RuleFault("form", f"不能用 {name.upper()}", column=name)
    for join in tree.find_all(exp.Join):
        kinds = {str(join.args.get(name, "")).upper() for name in ("side", "kind")}
        if join.args.get("method") or kinds & {"RIGHT", "FULL", "SEMI", "ANTI"}:
            yield RuleFault("form", "只能用 JOIN 和 LEFT JOIN", column=join.sql("duckdb"))
    for asked in tree.find_all(exp.In):
        # Because one null in the list makes it true of nobody.
        if asked.args.get("query") and isinstance(asked.parent, exp.Not):
            yield RuleFault(
                "form",
                "不能用 NOT IN (SELECT …)",
                column=_columns_in(asked),
                remedy="写成 NOT EXISTS",
            )
    for one in tree.find_all(exp.With):
        if one.args.get("recursive"):
            yield RuleFault("form", "不能用 RECURSIVE", column="recursive")


def _naming_faults(tree: exp.Expr) -> Iterator[RuleFault]:
    """Forms under which a column goes by the name of another or by none, or one row stands for many."""
    yield from _nameless_faults(tree)
    for union in tree.find_all(exp.Union):
        if union.args.get("by_name"):
            yield RuleFault("form", "不能用 UNION BY NAME", column="by name")
    for alias in tree.find_all(exp.TableAlias):
        if alias.args.get("columns"):
            yield RuleFault("form", "别名后不能再写列名", column=alias.sql("duckdb"))
    for distinct in tree.find_all(exp.Distinct):
        if distinct.args.get("on"):
            yield RuleFault(
                "form", "不能用 DISTINCT ON", column=_columns_in(distinct) or "distinct on"
            )


def _nameless_faults(tree: exp.Expr) -> Iterator[RuleFault]:
    """Columns that are changed behind a star, or go by their number."""
    for star in tree.find_all(exp.Star):
        for name in ("except_", "except", "replace", "rename", "ilike"):
            if star.args.get(name):
                yield RuleFault(
                    "form",
                    "星号后不能再改列",
                    column=_columns_in(star) or "*",
                    remedy="逐个写出列名",
                )
    for group in tree.find_all(exp.Group):
        if group.args.get("all"):
            yield RuleFault("form", "不能用 GROUP BY ALL", column="group by", remedy="写出列名")
    for sorted_by in (*tree.find_all(exp.Ordered), *tree.find_all(exp.Group)):
        parts = [sorted_by.this] if isinstance(sorted_by, exp.Ordered) else sorted_by.expressions
        if any(isinstance(one, exp.Literal | exp.Neg) for one in parts):
            yield RuleFault(
                "form",
                "不能用列的序号分组或排序",
                column=sorted_by.sql("duckdb"),
                remedy="写出列名",
            )


def _columns_in(node: exp.Expr) -> str:
    found = next(iter(node.find_all(exp.Column)), None)
    return found.sql("duckdb") if found is not None else ""
