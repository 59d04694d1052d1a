"""Tables of the store, read from SQLAlchemy's metadata: what is unique, what is required, what names what.

Predicates and expressions of indexes are SQL texts; the few forms that occur are read here, and any
other fails. Constraints that only migrations know (checks) are PostgreSQL's alone; the shared suite
compares the unique and foreign keys here with those of a migrated database.
"""

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, MetaData, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy import Index as SqlIndex
from sqlalchemy import Table as SqlTable

from talktalk.simulation.memory.errors import UnknownShape
from talktalk.simulation.memory.store import ForeignKey, Index, Key, Store, Table, Version

_NULLNESS = re.compile(r"(\w+) IS (NOT )?NULL")
_COMPARED = re.compile(r"(\w+) (=|<>) '([^']*)'")
_AMONG = re.compile(r"(\w+) (NOT )?IN \(([^)]*)\)")
_COALESCED = re.compile(r"coalesce\((\w+), (\d+)\)")

Predicate = Callable[[Version], bool]
Reading = Callable[[Version], Any]


def build(store: Store, metadata: MetaData) -> None:
    """Make every table of the metadata in the store."""
    for source in metadata.sorted_tables:
        store.tables[source.name] = Table(source.name)
    for source in metadata.sorted_tables:
        try:
            _furnish(store, source)
        except UnknownShape as error:
            # Whoever uses this table hears of it; others need not.
            store.tables[source.name].unlearned = str(error)
    for table in store.tables.values():
        named = {name for index in table.indexes if index.unique and index.is_plain for name in index.columns}
        table.key_columns = frozenset(named)


def _furnish(store: Store, source: SqlTable) -> None:
    table = store.tables[source.name]
    table.required = tuple(column.name for column in source.columns if not column.nullable)
    for constraint in source.constraints:
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint):
            names = [column.name for column in constraint.columns]
            if names:
                table.indexes.append(Index(str(constraint.name), names, unique=True))
        elif isinstance(constraint, ForeignKeyConstraint):
            target = store.tables[constraint.referred_table.name]
            targets = [element.column.name for element in constraint.elements]
            table.foreign_keys.append(
                ForeignKey(str(constraint.name), constraint.column_keys, target, targets)
            )
    table.indexes.sort(key=lambda index: index.name)
    table.foreign_keys.sort(key=lambda key: key.name)
    # Others only make reading faster; they hold every row, since a lookup looks at each row again.
    for index in sorted(source.indexes, key=lambda index: str(index.name)):
        table.indexes.append(_unique_index(index) if index.unique else _index(index))


def _index(index: SqlIndex) -> Index:
    first = next(iter(index.expressions))
    assert isinstance(first, Column), "plain indexes begin with a column"
    return Index(str(index.name), [first.name], unique=False)


def _unique_index(index: SqlIndex) -> Index:
    readings = [
        _column(each.name) if isinstance(each, Column) else _expression(str(each))
        for each in index.expressions
    ]
    names = [each.name for each in index.expressions if isinstance(each, Column)]
    where = index.dialect_options["postgresql"]["where"]
    is_plain = len(names) == len(readings)

    def key(version: Version) -> Key:
        return tuple([reading(version) for reading in readings])

    return Index(
        str(index.name),
        names,
        unique=True,
        key=None if is_plain else key,
        where=None if where is None else predicate(str(where)),
    )


def _column(name: str) -> Reading:
    return lambda version: version[name]


def _expression(text: str) -> Reading:
    found = _COALESCED.fullmatch(text)
    if found is None:
        raise UnknownShape(f"index over {text}")
    name, otherwise = found[1], int(found[2])
    return lambda version: otherwise if version[name] is None else version[name]


def predicate(text: str) -> Predicate:
    """Read the condition of a partial index.

    Raises:
        UnknownShape: It has another form than those that occur.
    """
    parts = [_condition(part.strip()) for part in text.split(" AND ")]
    return lambda version: all(part(version) for part in parts)


def _condition(text: str) -> Predicate:
    if found := _NULLNESS.fullmatch(text):
        name, is_not = found[1], found[2] is not None
        return lambda version: (version[name] is not None) is is_not
    if found := _COMPARED.fullmatch(text):
        name, is_equal, value = found[1], found[2] == "=", found[3]
        return lambda version: version[name] is not None and (version[name] == value) is is_equal
    if found := _AMONG.fullmatch(text):
        name, is_in = found[1], found[2] is None
        values = {each.strip().strip("'") for each in found[3].split(",")}
        return lambda version: version[name] is not None and (version[name] in values) is is_in
    raise UnknownShape(f"index where {text}")
