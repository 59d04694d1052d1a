"""What every test shares: `async def` tests run on an event loop of their own; real PostgreSQL and a running app."""

import asyncio
import inspect
from typing import Any

import pytest

pytest_plugins = ["tests.fixtures_postgres", "tests.fixtures_app"]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test to its end; anything else is pytest's own business."""
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(test(**arguments))
    return True
