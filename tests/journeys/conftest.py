"""One running TalkTalk for all journeys of a test process."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.house import ARTIFACTS, House, house


@pytest.fixture(scope="session")
def running_house() -> Iterator[House]:
    """`talktalk up`, from an empty data folder, until the last journey has ended."""
    with house() as running:
        yield running


@pytest.fixture(scope="session")
def fresh_number() -> Callable[[], str]:
    """A phone number nobody in this house has: 010-0000-5xxx, E.164."""
    numbers = itertools.count(5001)
    return lambda: f"+821000{next(numbers):06d}"


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Where pictures are kept for people to look at."""
    ARTIFACTS.mkdir(exist_ok=True)
    return ARTIFACTS
