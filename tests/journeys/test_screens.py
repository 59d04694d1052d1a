"""Every screen of the first release at three widths, light and dark: kept as pictures, judged by axe.

The world is the demo's. Nothing may scroll sideways, and axe may find nothing serious.
"""

from pathlib import Path

import pytest
from playwright.async_api import expect

from talktalk.demo import seed
from talktalk.demo_data.world import RESIDENTS, Who
from tests.journeys.axe import serious_findings
from tests.journeys.browser import Theme, browser
from tests.journeys.gestures import Device
from tests.journeys.house import House

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]

MINA, JUNHO = RESIDENTS[Who.MINA], RESIDENTS[Who.JUNHO]


async def keep(device: Device, name: str, folder: Path, troubles: list[str]) -> None:
    """Keep a picture of the screen and note what is wrong with it."""
    page = device.page
    await page.wait_for_load_state("networkidle")
    await page.screenshot(path=folder / f"{name}.png")
    if await page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        troubles.append(f"{name}: scrolls sideways")
    troubles += [f"{name}: {finding}" for finding in await serious_findings(page)]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
async def test_every_screen_is_whole_and_accessible(
    running_house: House, artifacts: Path, width: int, theme: Theme
) -> None:
    await seed(running_house.url)
    folder = artifacts / f"{width}-{theme}"
    folder.mkdir(exist_ok=True)
    troubles: list[str] = []
    async with (
        browser() as chromium,
        Device.open(chromium, running_house, width=width, theme=theme, touch=width == 360) as mina,
    ):
        await mina.page.goto(running_house.url)
        await expect(mina.field("identity:number.label")).to_be_visible()
        await keep(mina, "01-sign-in", folder, troubles)
        await mina.sign_in(MINA.phone)
        await mina.page.wait_for_url("**/chats")
        await keep(mina, "02-chats", folder, troubles)
        await mina.choose_chat(JUNHO.name)
        await mina.sees_card("8.5", "토요일 파스타", mine=True)
        await keep(mina, "03-room", folder, troubles)
        await mina.go("friends")
        await mina.sees_friend(JUNHO.name)
        await keep(mina, "04-friends", folder, troubles)
        await mina.button("friends:add").first.click()
        await expect(mina.field("friends:search.label")).to_be_visible()
        await keep(mina, "05-add-friend", folder, troubles)
        await mina.page.keyboard.press("Escape")
        await mina.wait_for_wallet()
        await keep(mina, "06-wallet", folder, troubles)
        await mina.go("more")
        await keep(mina, "07-more", folder, troubles)
    assert troubles == []
