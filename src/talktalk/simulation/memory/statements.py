"""Statements as programs: SELECT, INSERT, UPDATE, DELETE, compiled once a shape.

`Compiler(compiled, store).program()` reads what SQLAlchemy has compiled and answers a `Program`,
which runs any number of times with other parameters. Sources are joined by nested loops, each
through a hash index where the conditions name one.

Locks are taken row by row in the order of the result. A row that changed while its lock was waited
for is looked at again in its newest version, and passed over if it no longer fits; the others stay
as the statement first saw them. So does PostgreSQL (EvalPlanQual).
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy.dialects.postgresql.dml import OnConflictDoNothing, OnConflictDoUpdate
from sqlalchemy.sql import base, dml, elements, operators, selectable, visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.schema import Column
from sqlalchemy.sql.schema import Table as SqlTable

from talktalk.simulation.memory.expressions import (
    AGGREGATES,
    Expressions,
    Frame,
    Run,
    Sources,
    Value,
    is_aggregate,
    unknown,
)
from talktalk.simulation.memory.store import (
    KEY_SHARE,
    NO_KEY_UPDATE,
    SHARE,
    UPDATE,
    Index,
    Key,
    Row,
    Store,
    Table,
    Version,
)
from talktalk.simulation.memory.values import Storing, storing

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run says."""

    rows: Rows
    count: int
    """Rows found or changed."""


Program = Callable[[Run], Answer]
Reading = Callable[[Frame, Run], Iterable[tuple[Row | None, Version]]]
"""The versions of a source that may fit, with their rows where they are a table's."""


@dataclass(frozen=True, slots=True)
class Source:
    """One step of a nested loop."""

    place: int
    reading: Reading
    on: Value | None
    is_outer: bool
    nulls: Version


class Compiler:
    """Compiles one statement."""

    def __init__(self, compiled: SQLCompiler, store: Store) -> None:
        self.compiled = compiled
        self.store = store

    def program(self) -> Program:
        """The statement's program.

        Raises:
            UnknownShape: Something in it was not learned.
        """
        statement: Any = self.compiled.statement
        # What the ORM made of it, in terms of tables.
        core = getattr(self.compiled.compile_state, "statement", None)
        if core is None:
            core = statement
        if isinstance(core, selectable.Select | selectable.CompoundSelect):
            return Query(self, core, None).program()
        if isinstance(core, dml.Insert):
            return Insertion(self, core).program()
        if isinstance(core, dml.Update | dml.Delete):
            return Change(self, core).program()
        raise unknown(self.compiled, statement)

    def subquery(self, select: Any, outer: Sources | None) -> Callable[[Frame, Run], Rows]:
        """A query inside another; one that names nothing outside is asked once a run."""
        query = Query(self, select, outer)
        identity = id(query)

        def rows(frame: Frame, run: Run) -> Rows:
            if query.is_correlated:
                return query.rows(frame, run)
            found = run.memo.get(identity)
            if found is None:
                found = run.memo[identity] = query.rows(frame, run)
            return list(found)

        return rows

    def returning(
        self, statement: Any, expressions: Expressions
    ) -> Callable[[Frame, Run], tuple[Any, ...]] | None:
        """What a change answers of each row."""
        wanted = self.compiled.implicit_returning or statement._returning
        columns = list(base._select_iterables(wanted))
        if not columns:
            return None
        return _tuple([expressions.value(column) for column in columns])


def _tuple(parts: Sequence[Value]) -> Callable[[Frame, Run], tuple[Any, ...]]:
    return lambda frame, run: tuple([part(frame, run) for part in parts])


def _flat(criteria: Iterable[Any]) -> Iterator[Any]:
    """Conditions that all must hold, one by one."""
    for each in criteria:
        if isinstance(each, elements.BooleanClauseList) and each.operator is operators.and_:
            yield from _flat(each.clauses)
        elif isinstance(each, elements.Grouping):
            yield from _flat([each.element])
        else:
            yield each


def _plain(source: Any) -> Any:
    """A source without what the ORM noted on it."""
    return source._deannotate() if hasattr(source, "_deannotate") else source


class Joins:
    """The sources of one statement, and the conditions that lead to their rows."""

    def __init__(self, compiler: Compiler, sources: Sources, expressions: Expressions) -> None:
        self._compiler = compiler
        self._sources = sources
        self._expressions = expressions
        self.steps: list[Source] = []
        self.tables: list[tuple[Table, int]] = []

    def add(self, source: Any, criteria: Sequence[Any]) -> None:
        """Add a source, a join of sources, or a subquery."""
        if isinstance(source, selectable.Join):
            self.add(source.left, criteria)
            self._add_one(source.right, list(criteria), source.onclause, is_outer=source.isouter)
        else:
            self._add_one(source, criteria, None, is_outer=False)

    def _add_one(self, source: Any, criteria: Sequence[Any], on: Any, *, is_outer: bool) -> None:
        if isinstance(source, selectable.FromGrouping | selectable.Join):
            raise unknown(self._compiler.compiled, source)
        leading = list(_flat([on])) if on is not None else []
        if not is_outer:
            leading += list(_flat(criteria))
        reading, names = self._reading(source, leading)
        place = self._sources.add(source)
        condition = self._expressions.value(on) if on is not None else None
        self.steps.append(Source(place, reading, condition, is_outer, dict.fromkeys(names)))

    def _reading(self, source: Any, conditions: Sequence[Any]) -> tuple[Reading, list[str]]:
        name = getattr(source, "name", None)
        plain = source
        if isinstance(source, selectable.Alias):
            plain = source.element
        if isinstance(plain, SqlTable):
            table = self._compiler.store.table(plain.name)
            self.tables.append((table, self._sources.size))
            return self._table(table, source, conditions), [column.name for column in plain.columns]
        if isinstance(source, selectable.Subquery | selectable.CTE):
            rows = self._compiler.subquery(source.element, self._sources)
            keys = list(source.columns.keys())

            def derived(frame: Frame, run: Run) -> list[tuple[Row | None, Version]]:
                return [(None, dict(zip(keys, row, strict=True))) for row in rows(frame, run)]

            return derived, keys
        if isinstance(source, selectable.TableClause) and name in self._compiler.store.views:
            view = self._compiler.store.views[str(name)]
            return lambda frame, run: [(None, version) for version in view(run.tx)], list(
                source.columns.keys()
            )
        raise unknown(self._compiler.compiled, source)

    def _table(self, table: Table, source: Any, conditions: Sequence[Any]) -> Reading:
        equal, among = self._known(source, conditions)
        index = _best_index(table, equal, among)
        if index is None:
            return lambda frame, run: [
                (row, version) for row in list(table.rows) if (version := row.seen_by(run.tx)) is not None
            ]
        parts = [(among[name], True) if name not in equal else (equal[name], False) for name in index.columns]

        def looked_up(frame: Frame, run: Run) -> list[tuple[Row | None, Version]]:
            found: dict[Row, Version] = {}
            for key in _keys(parts, frame, run):
                for row in list(index.rows.get(key, ())):
                    version = row.seen_by(run.tx)
                    if version is not None:
                        found[row] = version
            return list(found.items())

        return looked_up

    def _known(self, source: Any, conditions: Sequence[Any]) -> tuple[dict[str, Value], dict[str, Value]]:
        """Columns of the source whose values the conditions give, one value or a choice of them."""
        equal: dict[str, Value] = {}
        among: dict[str, Value] = {}
        for each in conditions:
            if not isinstance(each, elements.BinaryExpression):
                continue
            if each.operator is operators.eq:
                for own, other in ((each.left, each.right), (each.right, each.left)):
                    if self._is_of(own, source) and self._is_known(other):
                        equal.setdefault(own.name, self._expressions.value(other))
            elif (
                each.operator is operators.in_op
                and self._is_of(each.left, source)
                and isinstance(each.right, elements.BindParameter)
            ):
                among.setdefault(each.left.name, self._expressions.value(each.right))
        return equal, among

    def _is_of(self, node: Any, source: Any) -> bool:
        return isinstance(node, Column | elements.ColumnClause) and _plain(node.table) is _plain(source)

    def _is_known(self, node: Any) -> bool:
        """Whether it can be computed before this source is read."""
        return all(
            not isinstance(each, elements.ColumnClause) or self._sources.place(_plain(each.table)) is not None
            for each in visitors.iterate(node)
        ) and not any(isinstance(each, selectable.Select) for each in visitors.iterate(node))

    def frames(self, frame: Frame, run: Run) -> Iterator[tuple[Frame, Row | None]]:
        """Every combination of versions; with the first source's row."""
        if not self.steps:
            yield frame, None
            return
        yield from self._loop(0, frame, run, None)

    def _loop(
        self, depth: int, frame: Frame, run: Run, first: Row | None
    ) -> Iterator[tuple[Frame, Row | None]]:
        if depth == len(self.steps):
            yield list(frame), first
            return
        step = self.steps[depth]
        is_found = False
        for row, version in step.reading(frame, run):
            frame[step.place] = version
            if step.on is not None and not step.on(frame, run):
                continue
            is_found = True
            yield from self._loop(depth + 1, frame, run, row if depth == 0 else first)
        if step.is_outer and not is_found:
            frame[step.place] = step.nulls
            yield from self._loop(depth + 1, frame, run, first)


def _best_index(table: Table, equal: dict[str, Value], among: dict[str, Value]) -> Index | None:
    known = equal.keys() | among.keys()
    usable = [index for index in table.indexes if index.is_plain and known >= set(index.columns)]
    return max(usable, key=lambda index: (index.unique, len(index.columns)), default=None)


def _keys(parts: Sequence[tuple[Value, bool]], frame: Frame, run: Run) -> list[Key]:
    choices = []
    for value, is_many in parts:
        found = value(frame, run)
        choices.append(list(dict.fromkeys(found)) if is_many else [found])
    return list(itertools.product(*choices))


def _order(node: Any) -> tuple[Any, bool]:
    """An expression to sort by, and whether downwards."""
    is_down = False
    while True:
        if isinstance(node, elements._label_reference):
            node = node.element
        elif isinstance(node, elements.UnaryExpression) and node.modifier is not None:
            if node.modifier is operators.desc_op:
                is_down = True
            elif node.modifier is not operators.asc_op:
                raise TypeError("null ordering")
            node = node.element
        else:
            return node, is_down


class Query:
    """A SELECT."""

    def __init__(self, compiler: Compiler, select: Any, outer: Sources | None) -> None:
        self._compiler = compiler
        self._parts: list[Query] = []
        if isinstance(select, selectable.SelectStatementGrouping):
            select = select.element
        if isinstance(select, selectable.CompoundSelect):
            if select.keyword not in (
                selectable._CompoundSelectKeyword.UNION_ALL,
                selectable._CompoundSelectKeyword.UNION,
            ):
                raise unknown(compiler.compiled, select)
            self._parts = [Query(compiler, each, outer) for each in select.selects]
            self._is_union = select.keyword is selectable._CompoundSelectKeyword.UNION
            self._sources = Sources(outer)
            expressions = Expressions(compiler.compiled, self._sources, compiler)
            self._limit = (
                expressions.value(select._limit_clause) if select._limit_clause is not None else None
            )
            if select._order_by_clauses or select._offset_clause is not None:
                raise unknown(compiler.compiled, select)
            return
        if not isinstance(select, selectable.Select):
            raise unknown(compiler.compiled, select)
        self._build(select, outer)

    def _build(self, select: Any, outer: Sources | None) -> None:
        compiler = self._compiler
        self._sources = Sources(outer)
        self._aggregates = _Aggregates(compiler.compiled, self._sources, compiler)
        criteria = select._where_criteria
        self._joins = Joins(compiler, self._sources, self._aggregates)
        for source in self._froms(select, outer):
            self._joins.add(_plain(source) if isinstance(source, SqlTable) else source, criteria)
        where = self._aggregates.condition(criteria)
        self._where = where
        columns = [
            elements.True_() if _is_star(each) else each
            for each in base._select_iterables(select._raw_columns)
        ]
        self._group_by = [self._aggregates.value(each) for each in select._group_by_clauses]
        self._is_grouped = bool(self._group_by) or any(is_aggregate(each) for each in columns)
        if self._is_grouped:
            self._aggregates.place = self._sources.add("aggregates")
        self._output = _tuple([self._aggregates.value(column) for column in columns])
        if select._having_criteria:
            raise unknown(compiler.compiled, select)
        orders = [_order(each) for each in select._order_by_clauses]
        self._orders = [(self._aggregates.value(node), is_down) for node, is_down in orders]
        if isinstance(select._distinct_on, tuple) and select._distinct_on:
            raise unknown(compiler.compiled, select)
        self._is_distinct = bool(select._distinct)
        self._limit = (
            self._aggregates.value(select._limit_clause) if select._limit_clause is not None else None
        )
        if select._offset_clause is not None:
            raise unknown(compiler.compiled, select)
        self._lock = self._locking(select._for_update_arg)

    def _froms(self, select: Any, outer: Sources | None) -> list[Any]:
        found = list(select.get_final_froms())
        if outer is None or len(found) < 2:
            return found
        own = [source for source in found if outer.place(_plain(source)) is None]
        return own or found

    def _locking(self, asked: Any) -> tuple[int, bool, bool] | None:
        if asked is None:
            return None
        if self._is_grouped or self._is_distinct or asked.of is not None:
            raise unknown(self._compiler.compiled, asked)
        if len(self._joins.steps) != 1 or not self._joins.tables:
            raise unknown(self._compiler.compiled, asked)
        shared, whole = (KEY_SHARE, NO_KEY_UPDATE) if asked.key_share else (SHARE, UPDATE)
        return shared if asked.read else whole, bool(asked.skip_locked), bool(asked.nowait)

    @property
    def is_correlated(self) -> bool:
        """Whether it names sources of a query around it."""
        return self._sources.is_correlated or any(part.is_correlated for part in self._parts)

    def program(self) -> Program:
        """The program of a query that stands alone."""

        def run_it(run: Run) -> Answer:
            rows = self.rows([], run)
            return Answer(rows, len(rows))

        return run_it

    def rows(self, outer: Frame, run: Run) -> Rows:
        """The result; locks taken."""
        limit = self._limit([], run) if self._limit is not None else None
        if self._parts:
            found = [row for part in self._parts for row in part.rows(outer, run)]
            return (list(dict.fromkeys(found)) if self._is_union else found)[:limit]
        frame: Frame = [*outer, *([{}] * (self._sources.size - len(outer)))]
        where = self._where
        kept = [
            (each, row) for each, row in self._joins.frames(frame, run) if where is None or where(each, run)
        ]
        if self._is_grouped:
            kept = [(group, None) for group in self._groups([each for each, _ in kept], frame, run)]
        for value, is_down in reversed(self._orders):
            kept.sort(key=lambda entry: _sort_key(value(entry[0], run)), reverse=is_down)
        if self._lock is not None:
            return self._locked(kept, run, limit)
        rows = [self._output(each, run) for each, _ in kept]
        if self._is_distinct:
            rows = list(dict.fromkeys(rows))
        return rows[:limit]

    def _locked(self, kept: list[tuple[Frame, Row | None]], run: Run, limit: int | None) -> Rows:
        assert self._lock is not None
        strength, skip, nowait = self._lock
        place = self._joins.steps[0].place
        rows: Rows = []
        for frame, row in kept:
            if limit is not None and len(rows) >= limit:
                break
            assert row is not None
            if not run.tx.lock(row, strength, skip=skip, nowait=nowait):
                continue
            newest = row.seen_by(run.tx)
            if newest is not frame[place]:
                if newest is None:
                    continue
                frame[place] = newest
                if self._where is not None and not self._where(frame, run):
                    continue
            rows.append(self._output(frame, run))
        return rows

    def _groups(self, frames: list[Frame], empty: Frame, run: Run) -> list[Frame]:
        place = self._aggregates.place
        assert place is not None
        groups: dict[Key, list[Frame]] = {}
        for each in frames:
            groups.setdefault(tuple([value(each, run) for value in self._group_by]), []).append(each)
        if not self._group_by and not groups:
            groups[()] = []
        made = []
        for members in groups.values():
            frame = list(members[0] if members else empty)
            frame[place] = {
                str(number): reduce(members, run) for number, reduce in enumerate(self._aggregates.reductions)
            }
            made.append(frame)
        return made


def _sort_key(value: Any) -> tuple[bool, Any]:
    return (value is None, value if value is not None else 0)  # nulls last, as PostgreSQL ascending


class _Aggregates(Expressions):
    """Expressions in which counts and sums stand for a group's."""

    def __init__(self, compiled: SQLCompiler, sources: Sources, statements: Compiler) -> None:
        super().__init__(compiled, sources, statements)
        self.place: int | None = None
        self.reductions: list[Callable[[list[Frame], Run], Any]] = []

    def _function(self, node: Any) -> Value:
        name = node.name.lower()
        if name not in AGGREGATES:
            return super()._function(node)
        number = str(len(self.reductions))
        self.reductions.append(self._reduction(name, list(node.clauses)))

        def of_group(frame: Frame, run: Run) -> Any:
            assert self.place is not None
            return frame[self.place][number]

        return of_group

    def _reduction(self, name: str, arguments: list[Any]) -> Callable[[list[Frame], Run], Any]:
        if name == "count" and (not arguments or _is_star(arguments[0])):
            return lambda frames, run: len(frames)
        is_distinct = (
            isinstance(arguments[0], elements.UnaryExpression)
            and arguments[0].operator is operators.distinct_op
        )
        value = self.value(arguments[0])

        def values(frames: list[Frame], run: Run) -> list[Any]:
            found = [each for frame in frames if (each := value(frame, run)) is not None]
            return list(dict.fromkeys(found)) if is_distinct else found

        if name == "count":
            return lambda frames, run: len(values(frames, run))
        reductions: dict[str, Callable[[list[Any]], Any]] = {
            "sum": sum,
            "max": max,
            "min": min,
            "array_agg": list,
            "bool_or": any,
            "bool_and": all,
        }
        reduce = reductions[name]
        return lambda frames, run: reduce(found) if (found := values(frames, run)) else None


def _is_star(node: Any) -> bool:
    return isinstance(node, elements.TextClause | elements.ColumnClause) and "*" in str(
        getattr(node, "text", getattr(node, "name", ""))
    )


class _Writer:
    """What inserts and changes share: the columns, their types, the constraints."""

    def __init__(self, compiler: Compiler, source: Any) -> None:
        self.compiler = compiler
        self.source: SqlTable = source
        self.table = compiler.store.table(source.name)
        self.storing: dict[str, Storing] = {column.name: storing(column.type) for column in source.columns}

    def check_required(self, version: Version) -> None:
        """Refuse nulls where there may be none."""
        for name in self.table.required:
            if version[name] is None:
                raise psycopg.errors.NotNullViolation(
                    f'null value in column "{name}" of relation "{self.table.name}"'
                )

    def conflict(self, index: Index, key: Key, run: Run, but: Row | None = None) -> Row | None:
        """The row that has the key; waits for whoever may be about to give it up or to take it."""
        while True:
            for row in list(index.rows.get(key, ())):
                if row is but:
                    continue
                if row.owner is not None and row.owner is not run.tx:
                    if any(index.key_of(version) == key for version in row.versions()):
                        run.tx.wait_for(row.owner)
                        break
                    continue
                version = row.seen_by(run.tx)
                if version is not None and index.key_of(version) == key:
                    return row
            else:
                return None

    def violate(self, index: Index) -> psycopg.errors.UniqueViolation:
        """The failure of a key that is taken."""
        return psycopg.errors.UniqueViolation(
            f'duplicate key value violates unique constraint "{index.name}"'
        )

    def check_foreign(self, version: Version, before: Version | None, run: Run) -> None:
        """See that what the row names is there, and hold it there until the end."""
        for key in self.table.foreign_keys:
            named = tuple([version[name] for name in key.columns])
            if None in named or (before is not None and named == tuple(before[name] for name in key.columns)):
                continue
            index = key.target.index_over(key.target_columns)
            assert index is not None, "what is named is unique"
            by_name = dict(zip(key.target_columns, named, strict=True))
            wanted = tuple([by_name[name] for name in index.columns])
            for row in list(index.rows.get(wanted, ())):
                if row.seen_by(run.tx) is None or not run.tx.lock(row, KEY_SHARE):
                    continue
                newest = row.seen_by(run.tx)
                if newest is not None and index.key_of(newest) == wanted:
                    break
            else:
                raise psycopg.errors.ForeignKeyViolation(
                    f'insert or update on table "{self.table.name}" violates "{key.name}"'
                )

    def change(self, row: Row, version: Version, fresh: Version, run: Run) -> None:
        """Write a row's new version; its lock is held."""
        self.check_required(fresh)
        for index in self.table.indexes:
            if not index.unique:
                continue
            key = index.key_of(fresh)
            if (
                key is not None
                and key != index.key_of(version)
                and self.conflict(index, key, run, but=row) is not None
            ):
                raise self.violate(index)
        run.tx.write(self.table, row, fresh)
        self.check_foreign(fresh, version, run)


class Insertion(_Writer):
    """An INSERT, with or without ON CONFLICT."""

    def __init__(self, compiler: Compiler, statement: Any) -> None:
        super().__init__(compiler, statement.table)
        state: Any = compiler.compiled.dml_compile_state
        self._sources = Sources()
        self._place = self._sources.add(self.source)
        self._expressions = Expressions(compiler.compiled, self._sources, compiler)
        self._rows: list[dict[str, Value]] = []
        self._from: Callable[[Frame, Run], Rows] | None = None
        if statement.select is not None:
            self._from = compiler.subquery(statement.select, None)
            self._names = [
                each if isinstance(each, str) else each.name for each in statement._select_names or ()
            ]
        elif state is not None and state._multi_parameters:
            self._rows = [
                self._values_at(number, values) for number, values in enumerate(state._multi_parameters)
            ]
        else:
            given = (state._dict_parameters if state is not None else None) or {}
            self._rows = [self._values(given)]
        self._defaults = {column.name: self._default(column) for column in self.source.columns}
        self._on_conflict(statement._post_values_clause)
        self._returning = compiler.returning(statement, self._expressions)

    def _values(self, given: dict[Any, Any]) -> dict[str, Value]:
        by_name = {(each if isinstance(each, str) else each.key): value for each, value in given.items()}
        compiled = self.compiler.compiled
        found: dict[str, Value] = {}
        for column in self.source.columns:
            if column.key in by_name:
                found[column.name] = self._value(by_name[column.key])
            elif column.key in compiled.binds and column.key in (compiled.column_keys or ()):
                found[column.name] = _parameter(column.key)
        return found

    def _values_at(self, number: int, given: dict[Any, Any]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for each, value in given.items():
            column = self.source.columns[each if isinstance(each, str) else each.key]
            name = f"{column.key}_m{number}"
            found[column.name] = (
                _parameter(name) if name in self.compiler.compiled.binds else self._value(value)
            )
        return found

    def _value(self, value: Any) -> Value:
        if isinstance(value, elements.ClauseElement):
            return self._expressions.value(value)
        raise unknown(self.compiler.compiled, value)

    def _default(self, column: Column[Any]) -> Value:
        if column.default is not None and column.default.is_scalar:
            always: Any = column.default.arg  # type: ignore[attr-defined]  # a scalar default has one
            return lambda frame, run: always
        if column.default is not None:
            raise unknown(self.compiler.compiled, column.default)
        if column.server_default is None:
            return lambda frame, run: None
        argument: Any = getattr(column.server_default, "arg", None)
        if isinstance(argument, elements.TextClause) and argument.text == "now()":
            return lambda frame, run: run.tx.started_at
        if isinstance(argument, elements.TextClause):
            argument = argument.text.strip("'")
        if isinstance(argument, str):
            literal = _literal(argument, column)
            return lambda frame, run: literal
        if isinstance(argument, elements.ClauseElement):
            return self._expressions.value(argument)
        raise unknown(self.compiler.compiled, column.server_default)

    def _on_conflict(self, clause: Any) -> None:
        self._arbiters: list[Index] | None = None
        self._is_nothing = isinstance(clause, OnConflictDoNothing)
        self._set: dict[str, Value] | None = None
        self._set_where: Value | None = None
        if clause is None:
            return
        if not isinstance(clause, OnConflictDoNothing | OnConflictDoUpdate):
            raise unknown(self.compiler.compiled, clause)
        unique = [index for index in self.table.indexes if index.unique]
        if clause.constraint_target is not None:
            self._arbiters = [index for index in unique if index.name == clause.constraint_target]
        elif clause.inferred_target_elements is not None:
            names = {each if isinstance(each, str) else each.name for each in clause.inferred_target_elements}
            is_partial = clause.inferred_target_whereclause is not None
            self._arbiters = [
                index for index in unique if set(index.columns) == names and (index.is_plain or is_partial)
            ]
        if self._arbiters == []:
            raise unknown(self.compiler.compiled, clause)
        if isinstance(clause, OnConflictDoUpdate):
            self._excluded = self._sources.add(self._excluded_alias(clause))
            self._set = {
                (name if isinstance(name, str) else name.name): self._set_value(value)
                for name, value in dict(clause.update_values_to_set).items()
            }
            if clause.update_whereclause is not None:
                self._set_where = self._expressions.value(clause.update_whereclause)

    def _excluded_alias(self, clause: Any) -> Any:
        """The alias `excluded` as this statement's clause names it, or a mark if it does not."""
        nodes = [
            value for value in dict(clause.update_values_to_set).values() if hasattr(value, "get_children")
        ]
        if clause.update_whereclause is not None:
            nodes.append(clause.update_whereclause)
        for node in nodes:
            for each in visitors.iterate(node):
                table = getattr(each, "table", None)
                if isinstance(table, selectable.Alias) and table.name == "excluded":
                    return table
        return "excluded"

    def _set_value(self, value: Any) -> Value:
        if isinstance(value, elements.ClauseElement):
            return self._expressions.value(value)
        raise unknown(self.compiler.compiled, value)

    def program(self) -> Program:
        """The program: the rows one after the other, as one statement."""

        def run_it(run: Run) -> Answer:
            touched: set[Row] = run.memo.setdefault(id(self), set())
            rows: Rows = []
            count = 0
            for version in list(self._versions(run)):
                written = self._put(version, run, touched)
                if written is not None:
                    count += 1
                    if self._returning is not None:
                        frame: Frame = [{}] * self._sources.size
                        frame[self._place] = written
                        rows.append(self._returning(frame, run))
            return Answer(rows, count)

        return run_it

    def _versions(self, run: Run) -> Iterator[Version]:
        if self._from is not None:
            for row in self._from([], run):
                yield self._complete(dict(zip(self._names, row, strict=True)), run)
            return
        for values in self._rows:
            yield self._complete({name: value([], run) for name, value in values.items()}, run)

    def _complete(self, given: dict[str, Any], run: Run) -> Version:
        return {
            name: store(given[name] if name in given else self._defaults[name]([], run))
            for name, store in self.storing.items()
        }

    def _put(self, version: Version, run: Run, touched: set[Row]) -> Version | None:
        self.check_required(version)
        while True:
            taken = self._taken(version, run)
            if taken is None:
                row = run.tx.insert(self.table, version)
                touched.add(row)
                self.check_foreign(version, None, run)
                return version
            index, row = taken
            is_expected = self._arbiters is None or index in self._arbiters
            if self._is_nothing and is_expected:
                return None
            if self._set is None or not is_expected:
                raise self.violate(index)
            if row in touched:
                raise psycopg.errors.CardinalityViolation(
                    "ON CONFLICT DO UPDATE command cannot affect row a second time"
                )
            changed = self._update(row, index, version, run)
            if changed is not _AGAIN:
                touched.add(row)
                return changed

    def _taken(self, version: Version, run: Run) -> tuple[Index, Row] | None:
        arbiters = self._arbiters or []
        for index in [*arbiters, *(each for each in self.table.indexes if each not in arbiters)]:
            if not index.unique:
                continue
            key = index.key_of(version)
            row = self.conflict(index, key, run) if key is not None else None
            if row is not None:
                return index, row
        return None

    def _update(self, row: Row, index: Index, version: Version, run: Run) -> Version | None:
        assert self._set is not None
        run.tx.lock(row, NO_KEY_UPDATE)
        existing = row.seen_by(run.tx)
        if existing is None or index.key_of(existing) != index.key_of(version):
            return _AGAIN
        frame: Frame = [{}] * self._sources.size
        frame[self._place], frame[self._excluded] = existing, version
        if self._set_where is not None and not self._set_where(frame, run):
            return None
        fresh = dict(existing)
        for name, value in self._set.items():
            fresh[name] = self.storing[name](value(frame, run))
        if any(fresh[name] != existing[name] for name in self.table.key_columns):
            run.tx.lock(row, UPDATE)
        self.change(row, existing, fresh, run)
        return fresh


_AGAIN: Version = {"": "the row went away while it was waited for"}


def _parameter(name: str) -> Value:
    return lambda frame, run: run.parameters[name]


def _literal(text: str, column: Column[Any]) -> Any:
    kind = column.type.python_type
    if kind is bool:
        return text == "true"
    return kind(text)


class Change(_Writer):
    """An UPDATE or a DELETE."""

    def __init__(self, compiler: Compiler, statement: Any) -> None:
        super().__init__(compiler, _plain(statement.table))
        state: Any = compiler.compiled.dml_compile_state
        self._is_delete = isinstance(statement, dml.Delete)
        self._sources = Sources()
        expressions = Expressions(compiler.compiled, self._sources, compiler)
        self._joins = Joins(compiler, self._sources, expressions)
        criteria = statement._where_criteria
        self._joins.add(self.source, criteria)
        self._place = self._joins.steps[0].place
        for extra in getattr(state, "_extra_froms", None) or ():
            if _plain(extra) is not self.source:
                self._joins.add(_plain(extra) if isinstance(extra, SqlTable) else extra, criteria)
        self._where = expressions.condition(criteria)
        self._set = {} if self._is_delete else self._values(state, expressions)
        self._returning = compiler.returning(statement, expressions)

    def _values(self, state: Any, expressions: Expressions) -> dict[str, Value]:
        compiled = self.compiler.compiled
        given = (state._dict_parameters if state is not None else None) or {}
        by_name = {(each if isinstance(each, str) else each.key): value for each, value in given.items()}
        found: dict[str, Value] = {}
        for column in self.source.columns:
            if column.key in by_name:
                value = by_name[column.key]
                if not isinstance(value, elements.ClauseElement):
                    raise unknown(compiled, value)
                found[column.name] = expressions.value(value)
            elif column.key in compiled.binds and column.key in (compiled.column_keys or ()):
                found[column.name] = _parameter(column.key)
        return found

    def program(self) -> Program:
        """The program: find, lock, look again, write."""

        def run_it(run: Run) -> Answer:
            frame: Frame = [{}] * self._sources.size
            where = self._where
            kept = [
                (each, row)
                for each, row in self._joins.frames(frame, run)
                if row is not None and (where is None or where(each, run))
            ]
            rows: Rows = []
            count = 0
            done: set[Row] = set()
            for each, row in kept:
                if row in done:
                    continue  # joined with several: the first counts
                done.add(row)
                if self._apply(row, each, run):
                    count += 1
                    if self._returning is not None:
                        rows.append(self._returning(each, run))
            return Answer(rows, count)

        return run_it

    def _apply(self, row: Row, frame: Frame, run: Run) -> bool:
        version = frame[self._place]
        run.tx.lock(row, self._strength(version, frame, run))
        newest = row.seen_by(run.tx)
        if newest is not version:
            if newest is None:
                return False
            frame[self._place] = newest
            if self._where is not None and not self._where(frame, run):
                return False
            run.tx.lock(row, self._strength(newest, frame, run))
        if self._is_delete:
            self._check_unnamed(newest, run)
            run.tx.write(self.table, row, None)
            return True
        fresh = self._fresh(newest, frame, run)
        self.change(row, newest, fresh, run)
        frame[self._place] = fresh
        return True

    def _fresh(self, version: Version, frame: Frame, run: Run) -> Version:
        fresh = dict(version)
        for name, value in self._set.items():
            fresh[name] = self.storing[name](value(frame, run))
        return fresh

    def _strength(self, version: Version, frame: Frame, run: Run) -> int:
        if self._is_delete:
            return UPDATE
        if not self.table.key_columns.isdisjoint(self._set):
            fresh = self._fresh(version, frame, run)
            if any(fresh[name] != version[name] for name in self.table.key_columns):
                return UPDATE
        return NO_KEY_UPDATE

    def _check_unnamed(self, version: Version, run: Run) -> None:
        """See that no row of another table names what is deleted."""
        for table in self.compiler.store.tables.values():
            for key in table.foreign_keys:
                if key.target is not self.table:
                    continue
                wanted = tuple([version[name] for name in key.target_columns])
                for row in table.rows:
                    naming = row.seen_by(run.tx)
                    if naming is not None and tuple(naming[name] for name in key.columns) == wanted:
                        raise psycopg.errors.ForeignKeyViolation(
                            f'update or delete on table "{self.table.name}" violates "{key.name}"'
                        )
