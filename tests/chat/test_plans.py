"""The statements of the hot ways find every row by an index; the group commit's, whose plans are kept for ever,
even if they were made while the tables were empty."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from talktalk.chat import reader, writer
from talktalk.realtime import reads
from talktalk.supervisor.postgres import plain_url

TABLES = {"rooms", "room_members", "room_events", "message_keys", "friend_pairs"}
_NOBODY = "'00000000-0000-0000-0000-000000000000'"
_IDS = f"ARRAY[{_NOBODY}]::uuid[]"
WRITES = {
    "lock": (writer._LOCK.decode(), [_IDS]),
    "post": (writer._POST.decode(), [_IDS, _IDS, _IDS, "ARRAY['key']", "ARRAY['body']"]),
}
READS = {
    "rooms_of": (reader._ROOMS_OF, [_NOBODY]),
    "states_of": (reader._STATES_OF, [_IDS]),
    "after": (reader._AFTER, [_IDS, "ARRAY[0]", "100"]),
    "cursors_of": (reader._CURSORS_OF, [_NOBODY]),
    "cursors_in": (reader._CURSORS_IN, [_NOBODY]),
    "view": (reader._VIEW, [_NOBODY, _NOBODY]),
    "page_up": (reader._PAGE_UP, [_NOBODY, "0", "100", "100"]),
    "page_down": (reader._PAGE_DOWN, [_NOBODY, "0", "100", "100"]),
}


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)


def _check(database_url: str, settings: dict[str, str], statement: str, arguments: list[str]) -> None:
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    with psycopg.connect(plain_url(database_url), autocommit=True, options=options) as db:
        db.execute("ANALYZE")
        db.execute("SET plan_cache_mode = force_generic_plan")
        for number in range(len(arguments)):
            statement = statement.replace("%s", f"${number + 1}", 1)
        db.execute(f"PREPARE statement AS {statement}".encode())
        found = db.execute(
            f"EXPLAIN (FORMAT JSON) EXECUTE statement ({', '.join(arguments)})".encode()
        ).fetchone()
    assert found is not None
    scans = [node for node in _nodes(found[0][0]["Plan"]) if node.get("Relation Name") in TABLES]
    looked_up = [node for node in scans if node["Node Type"] != "ModifyTable"]
    assert looked_up, "the statement reads something"
    for node in looked_up:
        found_by = node.get("Index Cond") or node.get("TID Cond") or node.get("Recheck Cond")
        assert found_by, f"{node['Node Type']} on {node['Relation Name']} reads it whole"
    for node in _nodes(found[0][0]["Plan"]):
        below = {each.get("Relation Name") for each in node.get("Plans", [])}
        assert not (node["Node Type"] == "Materialize" and below & TABLES), (
            "a table read whole, once a statement"
        )


@pytest.mark.parametrize("name", WRITES)
def test_a_write_finds_its_rows_by_index(database_url: str, name: str) -> None:
    _check(database_url, writer._SETTINGS, *WRITES[name])


_FILL = """
    CREATE TEMP TABLE made AS
        SELECT gen_random_uuid() AS room, gen_random_uuid() AS one, gen_random_uuid() AS other
        FROM generate_series(1, 3000);
    INSERT INTO rooms (id, kind, created_by, pair_low, pair_high)
        SELECT room, 'direct', one, least(one, other), greatest(one, other) FROM made;
    INSERT INTO room_members (room_id, user_id) SELECT room, unnest(ARRAY[one, other]) FROM made;
    INSERT INTO room_events (room_id, seq, kind) SELECT room, generate_series(1, 5), 'member' FROM made;
    INSERT INTO friend_pairs (low_id, high_id) SELECT least(one, other), greatest(one, other) FROM made;
"""


@pytest.mark.parametrize("name", READS)
def test_a_read_finds_its_rows_by_index(database_url: str, name: str) -> None:
    with psycopg.connect(plain_url(database_url)) as db:
        db.execute(_FILL)
    _check(database_url, reads._SETTINGS, *READS[name])
