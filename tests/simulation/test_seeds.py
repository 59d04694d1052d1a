"""Seeds hold, and do the same again; the command line finds and replays one that does not."""

import pytest
from typer.testing import CliRunner

from talktalk.cli import app
from talktalk.simulation import command
from talktalk.simulation.run import Outcome

pytestmark = [pytest.mark.simulation, pytest.mark.timeout(900)]
SEEDS = 40
LONG_SEEDS = 2_000


def test_seeds_hold() -> None:
    _hold(range(1, SEEDS + 1))


@pytest.mark.long
def test_many_seeds_hold() -> None:
    _hold(range(SEEDS + 1, LONG_SEEDS + 1))


def _hold(seeds: range) -> None:
    settled = expired = kills = waits = 0
    for outcome in command.outcomes(seeds, "mixed"):
        assert outcome.violation is None, (outcome.seed, outcome.profile, outcome.violation)
        settled += outcome.settled
        expired += outcome.expired
        kills += outcome.kills
        waits += outcome.waits
    # It would prove little if nobody paid, nothing went wrong, and nobody ever met.
    assert min(settled, expired, kills, waits) > len(seeds) / 10


def test_a_seed_does_the_same_again() -> None:
    first, second = (command.replay(9, "stormy") for _ in range(2))
    assert _without_cost(first) == _without_cost(second)
    assert first.trace


def _without_cost(outcome: Outcome) -> tuple[object, ...]:
    return outcome.trace, outcome.settled, outcome.kills, outcome.ledgers, outcome.virtual_s


@pytest.mark.parametrize(("text", "seeds"), [("7", range(7, 8)), ("1..3", range(1, 4))])
def test_seeds_are_read(text: str, seeds: range) -> None:
    assert command.read_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "3..1", "a..b", "-1", "1...4"])
def test_what_names_no_seeds_is_refused(text: str) -> None:
    with pytest.raises(command.SeedsMalformed):
        command.read_seeds(text)


def test_command_line() -> None:
    held = CliRunner().invoke(app, ["simulate", "--seeds", "1..2", "--profile", "calm"])
    assert held.exit_code == 0, held.output
    assert "2 seeds held (calm)" in held.output
    assert CliRunner().invoke(app, ["simulate", "--profile", "sunny"]).exit_code == 2
