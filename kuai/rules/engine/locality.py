"""Whom a change of rows can concern: the codes by which a rule's views hang together, followed from a row to a subject.

Columns that the rule holds equal form a class. A row of a view concerns the subjects to whom its codes lead, through
other views if need be. A rule that hangs together otherwise has no such way and is asked anew as a whole: slower, never
wrong. Decision 0037.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from kuai.rules.engine.views import logical_views

Column = tuple[str, str]
_BOOLEAN = (exp.And, exp.Or, exp.Not, exp.Paren, exp.Where, exp.Having, exp.Join, exp.Qualify)


@dataclass(frozen=True)
class Hop:
    """Through a view: from the codes in one of its columns to those in another."""

    view: str
    comes_by: str
    goes_by: str


@dataclass(frozen=True)
class Way:
    """From the rows of one view to subjects: by this column of theirs, then through these hops."""

    view: str
    column: str
    hops: tuple[Hop, ...]

    def beyond(self) -> Way:
        """What is left of the way after its first hop, from the rows of the view it goes through."""
        first, *rest = self.hops
        return Way(first.view, first.goes_by, tuple(rest))


@dataclass(frozen=True)
class DayWay:
    """Rows of a view for which a condition on the day may have turned: the condition over the view as `row`."""

    condition: str
    way: Way


@dataclass(frozen=True)
class Locality:
    """How one statement hangs together, by alias. `days` is None if the day is used where no single row decides."""

    by_alias: tuple[tuple[str, Way], ...]
    days: tuple[DayWay, ...] | None

    @property
    def ways(self) -> tuple[Way, ...]:
        return tuple(way for _, way in self.by_alias)


def find_locality(tree: exp.Query) -> Locality | None:
    """The ways of a resolved statement, or None where a change may concern anybody."""
    views = _views_by_alias(tree)
    if not isinstance(tree, exp.Select) or views is None:
        return None
    classes = _Classes()
    if not _join_classes(tree, views, classes):
        return None
    subject = _subject_column(tree)
    if subject is None or not _keeps_subjects_apart(tree, classes, subject):
        return None
    aim = classes.root(subject)
    sure = _sure_aliases(tree)
    ways = {alias: _find_way(alias, views, classes, aim, sure) for alias in views}
    if any(way is None for way in ways.values()):
        return None
    found = {alias: way for alias, way in ways.items() if way is not None}
    return Locality(tuple(found.items()), _day_ways(tree, found))


def read_near(tree: exp.Query, locality: Locality, table_of: Callable[[Way], str]) -> exp.Query:
    """The statement over tables that hold only the rows which lead to the subjects concerned (`table_of` a way)."""
    near = tree.copy()
    ways = dict(locality.by_alias)
    for one in list(near.find_all(exp.Table)):
        alias = one.alias_or_name
        if alias in ways:
            one.replace(exp.to_table(table_of(ways[alias]), alias=alias))
    return near


class _Classes:
    """Columns held equal, as a union of sets."""

    def __init__(self) -> None:
        self._parent: dict[Column, Column] = {}

    def root(self, column: Column) -> Column:
        self._parent.setdefault(column, column)
        while self._parent[column] != column:
            column = self._parent[column]
        return column

    def join(self, left: Column, right: Column) -> None:
        first, second = sorted((self.root(left), self.root(right)))
        self._parent[second] = first

    def members(self, root: Column) -> list[Column]:
        return sorted(one for one in self._parent if self.root(one) == root)

    def columns_of(self, alias: str) -> list[Column]:
        return sorted(one for one in self._parent if one[0] == alias)


def _views_by_alias(tree: exp.Query) -> dict[str, str] | None:
    """The view of every alias; None if one stands for two, or for anything that is no view."""
    views: dict[str, str] = {}
    for table in tree.find_all(exp.Table):
        if table.name not in logical_views() or table.alias_or_name in views:
            return None
        views[table.alias_or_name] = table.name
    return views


def _join_classes(tree: exp.Select, views: Mapping[str, str], classes: _Classes) -> bool:
    """Join what is held equal, from the outside inwards; False if something inner would tie outer things together."""
    for select in sorted(tree.find_all(exp.Select), key=lambda one: one.depth):
        inner = {table.alias_or_name for table in _own_tables(select)}
        plain, left = _equalities(select)
        is_main = select is tree
        for pair in plain:
            if not _join_pair(pair, classes, inner, may_tie=is_main):
                return False
        for aliases, pairs in left:
            for pair in pairs:
                if not _join_pair(pair, classes, aliases, may_tie=False):
                    return False
    roots = [(alias, classes.root(one)) for alias in views for one in classes.columns_of(alias)]
    return len(roots) == len(set(roots))


def _join_pair(
    pair: tuple[Column, Column], classes: _Classes, inner: set[str], *, may_tie: bool
) -> bool:
    left, right = pair
    ties = [_has_outer(classes, side, inner) for side in pair]
    if all(ties) and not may_tie and classes.root(left) != classes.root(right):
        return False
    classes.join(left, right)
    return True


def _has_outer(classes: _Classes, column: Column, inner: set[str]) -> bool:
    return any(alias not in inner for alias, _ in classes.members(classes.root(column)))


def _own_tables(select: exp.Select) -> list[exp.Table]:
    sources = [
        select.args.get("from_") or select.args.get("from"),
        *(select.args.get("joins") or ()),
    ]
    return [one.this for one in sources if one is not None and isinstance(one.this, exp.Table)]


Pairs = list[tuple[Column, Column]]


def _equalities(select: exp.Select) -> tuple[Pairs, list[tuple[set[str], Pairs]]]:
    """Columns that every row of the select holds equal; and those of its LEFT JOINs, with the alias they bring in."""
    plain: Pairs = []
    left: list[tuple[set[str], Pairs]] = []
    where = select.args.get("where")
    if where is not None:
        plain += _pairs_in(where.this)
    for join in select.args.get("joins") or ():
        pairs = _pairs_in(join.args["on"]) if join.args.get("on") is not None else []
        if str(join.args.get("side") or "").upper() == "LEFT":
            left.append(({join.this.alias_or_name}, pairs))
        else:
            plain += pairs
    return plain + _pairs_of_in(select), left


def _pairs_in(condition: exp.Expr) -> Pairs:
    if isinstance(condition, exp.Paren):
        return _pairs_in(condition.this)
    if isinstance(condition, exp.And):
        return _pairs_in(condition.left) + _pairs_in(condition.right)
    if isinstance(condition, exp.EQ) and all(
        isinstance(side, exp.Column) for side in (condition.left, condition.right)
    ):
        return [(_column(condition.left), _column(condition.right))]
    return []


def _pairs_of_in(select: exp.Select) -> Pairs:
    """A column asked to be in this select's only column is held equal to it for every row that counts."""
    outside = select.parent
    while isinstance(outside, exp.Subquery | exp.Paren):
        outside = outside.parent
    if not isinstance(outside, exp.In) or len(select.expressions) != 1:
        return []
    yielded = select.expressions[0].unalias()
    if not isinstance(yielded, exp.Column) or not isinstance(outside.this, exp.Column):
        return []
    return [(_column(yielded), _column(outside.this))]


def _column(column: exp.Expr) -> Column:
    assert isinstance(column, exp.Column)
    return column.table, column.name


def _subject_column(tree: exp.Select) -> Column | None:
    for one in tree.expressions:
        if one.alias_or_name == "subject_code" and isinstance(one.unalias(), exp.Column):
            return _column(one.unalias())
    return None


def _keeps_subjects_apart(tree: exp.Select, classes: _Classes, subject: Column) -> bool:
    """Whether no aggregate and no window of the main select mixes rows of several subjects."""
    aim = classes.root(subject)

    def is_subject(one: exp.Expr) -> bool:
        return isinstance(one, exp.Column) and classes.root(_column(one)) == aim

    group = tree.args.get("group")
    own = [
        one
        for one in tree.find_all(exp.AggFunc, exp.Window)
        if one.find_ancestor(exp.Select) is tree
    ]
    windows = [one for one in own if isinstance(one, exp.Window)]
    aggregates = [
        one for one in own if isinstance(one, exp.AggFunc) and not one.find_ancestor(exp.Window)
    ]
    if any(not any(map(is_subject, one.args.get("partition_by") or ())) for one in windows):
        return False
    if group is None:
        return not aggregates
    return any(map(is_subject, group.expressions))


def _sure_aliases(tree: exp.Select) -> frozenset[str]:
    """Aliases of which every answer has a row: those of the main select, but what is LEFT JOINed."""
    left = {
        join.this.alias_or_name
        for join in tree.args.get("joins") or ()
        if str(join.args.get("side") or "").upper() == "LEFT"
    }
    return frozenset(one.alias_or_name for one in _own_tables(tree)) - left


def _find_way(
    alias: str, views: Mapping[str, str], classes: _Classes, aim: Column, sure: frozenset[str]
) -> Way | None:
    """The shortest way from the rows of one occurrence of a view to the subjects.

    Through aliases of which every answer has a row alone: through a view that an answer has none of leads no way.
    """
    starts = classes.columns_of(alias)
    queue: deque[tuple[Column, str, tuple[Hop, ...]]] = deque(
        (classes.root(one), one[1], ()) for one in starts
    )
    seen: set[Column] = set()
    while queue:
        root, column, hops = queue.popleft()
        if root == aim:
            return Way(views[alias], column, hops)
        if root in seen:
            continue
        seen.add(root)
        for through, comes_by in classes.members(root):
            if through == alias or through not in sure:
                continue
            for _, goes_by in classes.columns_of(through):
                if goes_by != comes_by:
                    hop = Hop(views[through], comes_by, goes_by)
                    queue.append((classes.root((through, goes_by)), column, (*hops, hop)))
    return None


def _day_ways(tree: exp.Select, ways: Mapping[str, Way]) -> tuple[DayWay, ...] | None:
    """Conditions on the day, each over one row of one view; None if the day is used in any other way."""
    found: dict[tuple[str, str], DayWay] = {}
    for day in tree.find_all(exp.Placeholder):
        condition = _condition_around(day)
        if condition is None:
            return None
        aliases = {one.table for one in condition.find_all(exp.Column)}
        if len(aliases) != 1 or condition.find(exp.AggFunc, exp.Window, exp.Select) is not None:
            return None
        alias = aliases.pop()
        over_row = condition.copy()
        for column in over_row.find_all(exp.Column):
            column.set("table", exp.to_identifier("row"))
        text = over_row.sql("duckdb")
        found[(alias, text)] = DayWay(text, ways[alias])
    return tuple(found.values())


def _condition_around(day: exp.Expr) -> exp.Expr | None:
    """The smallest condition that holds `day`; None in a list of columns, a GROUP BY or a HAVING."""
    inner: exp.Expr = day
    outer = day.parent
    while outer is not None and not isinstance(outer, _BOOLEAN):
        if isinstance(outer, exp.Select | exp.Group | exp.Ordered):
            return None
        # What is inside brackets of an expression is no condition of its own.
        inner, outer = outer, outer.parent
        while isinstance(outer, exp.Paren) and not isinstance(inner, exp.Predicate):
            inner, outer = outer, outer.parent
    if outer is None or day.find_ancestor(exp.Having) is not None:
        return None
    return inner


def affected_sql(way: Way, rows: str, *, changed: Sequence[str]) -> str:
    """The codes of subjects that these rows (a FROM item) concern; `changed` are views with a table CHANGED_<view>."""
    sql = f"select {way.column} as code from {rows}"
    for hop in way.hops:
        past = (
            f" union all select {hop.comes_by}, {hop.goes_by} from changed_{hop.view}"
            if hop.view in changed
            else ""
        )
        both = f"(select {hop.comes_by}, {hop.goes_by} from {hop.view}{past})"
        sql = f"select {hop.goes_by} as code from {both} where {hop.comes_by} in ({sql})"
    return sql


def list_views_of(localities: Sequence[Locality]) -> Iterator[str]:
    """The views through which rows are followed."""
    for locality in localities:
        for way in locality.ways:
            yield way.view
            yield from (hop.view for hop in way.hops)
