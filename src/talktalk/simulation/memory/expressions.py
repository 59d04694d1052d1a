"""Expressions as closures: columns, values, comparisons with SQL's three-valued logic, functions.

A closure takes the frame (one version per source of the statement, at the place `Sources` gave it)
and the run (transaction, parameters). A null is None; a comparison with it is None too.
"""

import functools
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.sql import elements, functions, operators, selectable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.schema import Column

from talktalk.simulation.memory.errors import UnknownShape
from talktalk.simulation.memory.store import Store, Transaction, Version

if TYPE_CHECKING:
    from talktalk.simulation.memory.statements import Compiler

Frame = list[Version]


@dataclass(slots=True)
class Run:
    """One run of a statement."""

    store: Store
    tx: Transaction
    parameters: dict[str, Any]
    at: datetime
    """`statement_timestamp()`."""
    memo: dict[int, Any] = field(default_factory=dict)
    """What subqueries that name nothing outside have answered."""


Value = Callable[[Frame, Run], Any]


def unknown(compiled: SQLCompiler, what: object) -> UnknownShape:
    """The failure that names a shape: what was met, and in which statement."""
    return UnknownShape(f"the memory store has not learned {what!r} ({type(what).__name__}) in: {compiled}")


class Sources:
    """Places of the frame: each table, alias or subquery of a statement and its subqueries has one."""

    def __init__(self, outer: "Sources | None" = None) -> None:
        self._outer = outer
        self._places: dict[Any, int] = {}
        self._count: list[int] = outer._count if outer is not None else [0]  # shared by all
        self.is_correlated = False

    def add(self, source: Any) -> int:
        """Give a source its place."""
        place = self._count[0]
        self._count[0] += 1
        self._places[source] = place
        return place

    @property
    def size(self) -> int:
        """How long the frame has to be."""
        return self._count[0]

    def place(self, source: Any) -> int | None:
        """Where a source's version is; None if nobody knows it."""
        own = self._places.get(source)
        if own is not None or self._outer is None:
            return own
        outer = self._outer.place(source)
        if outer is not None:
            self.is_correlated = True
        return outer


def _null_safe(function: Callable[[Any, Any], Any]) -> Callable[[Value, Value], Value]:
    def made(left: Value, right: Value) -> Value:
        def compared(frame: Frame, run: Run) -> Any:
            a = left(frame, run)
            if a is None:
                return None
            b = right(frame, run)
            return None if b is None else function(a, b)

        return compared

    return made


def _tuple_safe(function: Callable[[Any, Any], Any]) -> Callable[[Value, Value], Value]:
    plain = _null_safe(function)

    def made(left: Value, right: Value) -> Value:
        compared = plain(left, right)

        def checked(frame: Frame, run: Run) -> Any:
            a, b = left(frame, run), right(frame, run)
            if isinstance(a, tuple) and (None in a or None in b):
                return None  # stricter than SQL, which may know from an earlier place
            return compared(frame, run)

        return checked

    return made


_BINARY: dict[Any, Callable[[Value, Value], Value]] = {
    operator.eq: _null_safe(operator.eq),
    operator.ne: _null_safe(operator.ne),
    operator.lt: _tuple_safe(operator.lt),
    operator.le: _tuple_safe(operator.le),
    operator.gt: _tuple_safe(operator.gt),
    operator.ge: _tuple_safe(operator.ge),
    operator.add: _null_safe(operator.add),
    operator.sub: _null_safe(operator.sub),
    operator.mul: _null_safe(operator.mul),
    operators.concat_op: _null_safe(operator.add),
}


_LIKE: dict[Any, tuple[str, str]] = {
    operators.like_op: ("", ""),
    operators.startswith_op: ("", "%"),
    operators.endswith_op: ("%", ""),
    operators.contains_op: ("%", "%"),
}


@functools.lru_cache(maxsize=256)
def _pattern(like: str) -> re.Pattern[str]:
    """What LIKE means by a text: any run for `%`, any character for `_`."""
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(each) or re.escape(each) for each in like), re.DOTALL)


class Expressions:
    """Compiles the expressions of one statement."""

    def __init__(self, compiled: SQLCompiler, sources: Sources, statements: "Compiler") -> None:
        self.compiled = compiled
        self.sources = sources
        self._statements = statements

    def parameter_name(self, bound: elements.BindParameter[Any]) -> str:
        """The name under which a parameter's value is given to each run."""
        return str(self.compiled._truncate_bindparam(bound))  # type: ignore[no-untyped-call]  # SQLAlchemy's

    def value(self, node: Any) -> Value:
        """Compile one expression.

        Raises:
            UnknownShape: It was not learned.
        """
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is not None:
            made: Value = method(node)
            return made
        if isinstance(node, Column | elements.ColumnClause):
            return self._column(node)
        if isinstance(node, elements.BindParameter):
            return self._bindparameter(node)
        if isinstance(node, functions.FunctionElement):
            return self._function(node)
        if isinstance(node, elements.BooleanClauseList):
            return self._booleanclauselist(node)
        if isinstance(node, elements.BinaryExpression):
            return self._binaryexpression(node)
        raise unknown(self.compiled, node)

    def condition(self, criteria: Any) -> Value | None:
        """All of these together; None if there are none."""
        parts = [self.value(each) for each in criteria]
        if not parts:
            return None
        if len(parts) == 1:
            return parts[0]

        def all_of(frame: Frame, run: Run) -> Any:
            for part in parts:  # noqa: SIM110 - the fast form
                if not part(frame, run):
                    return False
            return True

        return all_of

    # --- leaves ---

    def _column(self, node: Any) -> Value:
        table = node.table
        place = self.sources.place(table)
        if place is None:
            place = self.sources.place(getattr(table, "_deannotate", lambda: table)())
        if place is None:
            raise unknown(self.compiled, node)
        name = node.key if isinstance(table, selectable.Subquery) else node.name
        return lambda frame, run: frame[place][name]

    def _bindparameter(self, node: elements.BindParameter[Any]) -> Value:
        name = self.parameter_name(node)
        return lambda frame, run: run.parameters[name]

    def _null(self, node: Any) -> Value:
        return lambda frame, run: None

    def _true_(self, node: Any) -> Value:
        return lambda frame, run: True

    def _false_(self, node: Any) -> Value:
        return lambda frame, run: False

    # --- wrappers ---

    def _grouping(self, node: Any) -> Value:
        return self.value(node.element)

    def _label(self, node: Any) -> Value:
        return self.value(node.element)

    def _cast(self, node: Any) -> Value:
        inner = self.value(node.clause)
        if getattr(node.type, "python_type", None) is int:

            def whole(frame: Frame, run: Run) -> Any:
                value = inner(frame, run)
                return None if value is None else int(value)

            return whole
        return inner

    def _typecoerce(self, node: Any) -> Value:
        return self.value(node.typed_expression)

    def _tuple(self, node: Any) -> Value:
        parts = [self.value(each) for each in node.clauses]
        return lambda frame, run: tuple([part(frame, run) for part in parts])

    # --- operators ---

    def _unaryexpression(self, node: elements.UnaryExpression[Any]) -> Value:
        inner = self.value(node.element)
        if node.operator in (operators.inv, operators.is_false):

            def negated(frame: Frame, run: Run) -> Any:
                value = inner(frame, run)
                return None if value is None else not value

            return negated
        if node.operator is operator.neg:
            return lambda frame, run: -inner(frame, run)
        if node.operator in (operators.distinct_op, operators.exists) or node.modifier is not None:
            return inner
        raise unknown(self.compiled, node)

    def _asboolean(self, node: Any) -> Value:
        inner = self.value(node.element)
        if node.operator is operators.is_false:

            def negated(frame: Frame, run: Run) -> Any:
                value = inner(frame, run)
                return None if value is None else not value

            return negated
        return inner

    def _booleanclauselist(self, node: elements.BooleanClauseList) -> Value:
        parts = [self.value(each) for each in node.clauses]
        stops_at = node.operator is operators.or_

        def combined(frame: Frame, run: Run) -> Any:
            is_unknown = False
            for part in parts:
                value = part(frame, run)
                if value is None:
                    is_unknown = True
                elif bool(value) is stops_at:
                    return stops_at
            return None if is_unknown else not stops_at

        return combined

    def _binaryexpression(self, node: elements.BinaryExpression[Any]) -> Value:
        made = _BINARY.get(node.operator)
        if made is not None:
            return made(self.value(node.left), self.value(node.right))
        if node.operator in (operators.is_, operators.is_not):
            left, right = self.value(node.left), self.value(node.right)
            wanted = node.operator is operators.is_
            return lambda frame, run: (left(frame, run) is right(frame, run)) is wanted
        if node.operator in (operators.is_distinct_from, operators.is_not_distinct_from):
            left, right = self.value(node.left), self.value(node.right)
            wanted = node.operator is operators.is_not_distinct_from
            return lambda frame, run: (left(frame, run) == right(frame, run)) is wanted
        if node.operator in (operators.in_op, operators.not_in_op):
            return self._among(node)
        if node.operator in _LIKE and not node.modifiers.get("escape"):
            before, after = _LIKE[node.operator]
            return _null_safe(lambda text, part: bool(_pattern(before + part + after).fullmatch(text)))(
                self.value(node.left), self.value(node.right)
            )
        raise unknown(self.compiled, node)

    def _among(self, node: elements.BinaryExpression[Any]) -> Value:
        left = self.value(node.left)
        is_bound = isinstance(node.right, elements.BindParameter)
        right = self.value(node.right) if is_bound else self._select(_select_of(node.right))
        wanted = node.operator is operators.in_op

        def among(frame: Frame, run: Run) -> Any:
            value = left(frame, run)
            values = right(frame, run)
            if not values:
                return not wanted
            if value is None or (isinstance(value, tuple) and None in value):
                return None
            for each in values:
                if each == value:
                    return wanted
            return None if None in values else not wanted

        return among

    def _case(self, node: elements.Case[Any]) -> Value:
        whens = [(self.value(condition), self.value(result)) for condition, result in node.whens]
        if node.value is not None:
            raise unknown(self.compiled, node)
        otherwise = self.value(node.else_) if node.else_ is not None else (lambda frame, run: None)

        def chosen(frame: Frame, run: Run) -> Any:
            for condition, result in whens:
                if condition(frame, run):
                    return result(frame, run)
            return otherwise(frame, run)

        return chosen

    # --- subqueries ---

    def _exists(self, node: Any) -> Value:
        rows = self._statements.subquery(_select_of(node.element), self.sources)
        return lambda frame, run: bool(rows(frame, run))

    def _scalarselect(self, node: Any) -> Value:
        rows = self._statements.subquery(node.element, self.sources)

        def only(frame: Frame, run: Run) -> Any:
            found = rows(frame, run)
            assert len(found) <= 1, "a subquery in an expression answers one row"
            return found[0][0] if found else None

        return only

    def _select(self, node: Any) -> Value:
        """What stands to the right of IN."""
        rows = self._statements.subquery(node, self.sources)

        def column(frame: Frame, run: Run) -> Any:
            return [row[0] if len(row) == 1 else tuple(row) for row in rows(frame, run)]

        return column

    _selectstatementgrouping = _scalarselect

    # --- functions ---

    def _function(self, node: functions.FunctionElement[Any]) -> Value:
        name = node.name.lower() if hasattr(node, "name") else type(node).__name__.lower()
        if name == "now":
            return lambda frame, run: run.tx.started_at
        if name == "statement_timestamp":
            return lambda frame, run: run.at
        if name == "clock_timestamp":
            return lambda frame, run: run.store.now()
        parts = [self.value(each) for each in node.clauses]
        if name == "coalesce":

            def coalesced(frame: Frame, run: Run) -> Any:
                for part in parts:
                    value = part(frame, run)
                    if value is not None:
                        return value
                return None

            return coalesced
        if name in ("greatest", "least"):
            pick: Callable[[list[Any]], Any] = max if name == "greatest" else min

            def picked(frame: Frame, run: Run) -> Any:
                values = [value for part in parts if (value := part(frame, run)) is not None]
                return pick(values) if values else None

            return picked
        if name == "lower":
            return lambda frame, run: None if (v := parts[0](frame, run)) is None else v.lower()
        raise unknown(self.compiled, node)


def _select_of(node: Any) -> Any:
    while not isinstance(node, selectable.Select | selectable.CompoundSelect):
        node = node.element
    return node


def is_aggregate(node: Any) -> bool:
    """Whether an expression counts or sums rows, at its top or below."""
    if isinstance(node, functions.FunctionElement) and node.name.lower() in AGGREGATES:
        return True
    if isinstance(node, selectable.ScalarSelect | selectable.Exists):
        return False
    return any(is_aggregate(child) for child in node.get_children())


AGGREGATES = frozenset({"count", "sum", "max", "min", "array_agg", "bool_or", "bool_and"})
