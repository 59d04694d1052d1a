"""Accessibility, judged by axe-core inside the page."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")


async def serious_findings(page: Page) -> list[str]:
    """What axe finds serious or critical on the page as it is, a line each."""
    if not AXE.exists():
        pytest.skip("axe-core is not among the web app's development packages")
    # Evaluated by the debugger, so that the page's content security policy may stay as strict as it is.
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']} ({violation['impact']}): {violation['help']}: "
        + "; ".join(str(node["target"]) for node in violation["nodes"])
        for violation in found["violations"]
        if violation["impact"] in SERIOUS
    ]
