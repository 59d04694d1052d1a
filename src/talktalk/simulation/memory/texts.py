"""Raw SQL that the services send, each with what it does here.

A statement is known by its text without its spaces; one that is not listed fails. Another is added
with `twin`, and with a case in the shared suite.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy.sql.elements import TextClause

from talktalk.simulation.memory.errors import UnknownShape
from talktalk.simulation.memory.expressions import Run
from talktalk.simulation.memory.statements import Answer

Twin = Callable[[Run], Answer]
_TWINS: dict[str, Twin] = {}


def _bare(text: str) -> str:
    return " ".join(text.split())


def twin(text: str) -> Callable[[Twin], Twin]:
    """Say what this text does in the store."""

    def noted(function: Twin) -> Twin:
        _TWINS[_bare(text)] = function
        return function

    return noted


def find(clause: TextClause) -> Twin:
    """The twin of a text.

    Raises:
        UnknownShape: It has none.
    """
    found = _TWINS.get(_bare(clause.text))
    if found is None:
        raise UnknownShape(f"the memory store has no twin of: {_bare(clause.text)}")
    return found


@twin("SELECT count(pg_notify(:channel, payload)) FROM unnest(:payloads) AS each (payload)")
def _notify(run: Run) -> Answer:
    payloads: list[Any] = run.parameters["payloads"]
    for payload in payloads:
        run.tx.notify(payload)
    return Answer([(len(payloads),)], 1)


@twin("SELECT 1")
def _one(run: Run) -> Answer:
    del run
    return Answer([(1,)], 1)
