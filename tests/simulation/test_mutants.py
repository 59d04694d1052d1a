"""The simulation finds planted bugs: one that finds none would prove nothing by holding."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.simulation.mutants import MUTANTS, find

pytestmark = [pytest.mark.simulation, pytest.mark.timeout(600)]
SEEDS = range(1, 60)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    # In a process of its own: what the store compiled for the bug must not stay.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as child:
        found = child.submit(find, name, SEEDS).result()
    assert found is not None, f"no seed up to {SEEDS[-1]} of {MUTANTS[name][0]} found it"


def test_there_are_enough_of_them() -> None:
    assert len(MUTANTS) >= 8
