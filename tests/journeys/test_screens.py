"""Every screen of the first release at three widths, light and dark: kept as pictures, judged by axe.

The world is the demo's, and one newcomer's whose own device may spend. Nothing may scroll
sideways, and axe may find nothing serious.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from talktalk.demo import seed
from talktalk.demo_data.world import RESIDENTS, Who
from talktalk_client import TalkTalk
from talktalk_client.inbox import inbox_code
from tests.journeys.axe import serious_findings
from tests.journeys.browser import Theme, browser
from tests.journeys.gestures import Device
from tests.journeys.house import House

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

MINA, JUNHO = RESIDENTS[Who.MINA], RESIDENTS[Who.JUNHO]
PIN = "271828"


class Album:
    """The pictures of one size and theme, and what was wrong on them."""

    def __init__(self, folder: Path) -> None:
        self.troubles: list[str] = []
        self._folder = folder
        self._taken = 0
        folder.mkdir(exist_ok=True)

    async def take(self, device: Device, name: str) -> None:
        """Keep a picture of the screen once it is whole, and note what is wrong with it."""
        page = device.page
        self._taken += 1
        await expect(page.locator("span.animate-shimmer[aria-hidden]")).to_have_count(
            0
        )  # what is still on its way
        await page.screenshot(path=self._folder / f"{self._taken:02d}-{name}.png")
        if await page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            self.troubles.append(f"{name}: scrolls sideways")
        self.troubles += [f"{name}: {finding}" for finding in await serious_findings(page)]


async def befriend(house: House, phone: str) -> None:
    """Junho of the demo asks the newcomer, over the SDK, and writes once they have accepted."""
    async with TalkTalk(house.url) as junho:
        await junho.sign_in(JUNHO.phone, read_code=inbox_code(house.url), device_name="test")
        found = await junho.friends.search(phone)
        assert found is not None
        await junho.friends.request(found)
        await junho.sign_out()


async def screens_of_the_demo(mina: Device, album: Album) -> None:
    """Mina of the demo, on a browser that may look and not spend."""
    words = mina.words
    await mina.page.goto(mina.house.url)
    await expect(mina.field("identity:number.label")).to_be_visible()
    await album.take(mina, "sign-in")
    await mina.sign_in(MINA.phone)
    await mina.page.wait_for_url("**/chats")
    await expect(mina.page.get_by_role("link", name=JUNHO.name)).to_be_visible()
    await album.take(mina, "chats")
    await mina.choose_chat(JUNHO.name)
    await mina.sees_card("8.5", "토요일 파스타", mine=True)
    await album.take(mina, "room")
    await mina.go("friends")
    await mina.sees_friend(JUNHO.name)
    await album.take(mina, "friends")
    await mina.choose_friend(JUNHO.name)
    await album.take(mina, "person")
    await mina.go("friends")
    await mina.button("friends:add").first.click()
    await expect(mina.field("friends:search.label")).to_be_visible()
    await album.take(mina, "add-friend")
    await mina.page.keyboard.press("Escape")
    await mina.wait_for_wallet()
    await expect(mina.page.get_by_text("토요일 파스타")).to_be_visible()
    await album.take(mina, "wallet-untrusted")
    await mina.go("more")
    await album.take(mina, "more")
    for page in ("devices", "appearance", "about", "profile"):
        await mina.go("more")
        await mina.page.get_by_role("link", name=re.compile(re.escape(link_to(mina, page)))).first.click()
        await mina.page.wait_for_url(f"**/more/{page}")
        await expect(mina.page.get_by_role("heading", name=words(f"more:{page}.title")).first).to_be_visible()
        await album.take(mina, f"more-{page}")


def link_to(device: Device, page: str) -> str:
    """The words of a row of the place More."""
    return MINA.name if page == "profile" else device.words(f"more:{page}.title")


async def screens_of_a_newcomer(new: Device, phone: str, album: Album) -> None:
    """Somebody who signs up, is asked by Junho, and pays him."""
    await new.sign_in(phone)
    await expect(new.field("identity:welcome.name")).to_be_visible()
    await album.take(new, "welcome")
    await new.field("identity:welcome.name").fill("한하늘")
    await new.button("identity:welcome.start").click()
    await new.go("chats")
    await album.take(new, "no-chats")
    await befriend(new.house, phone)
    await new.go("friends")
    await expect(new.page.get_by_text(JUNHO.name)).to_be_visible()
    await album.take(new, "friend-request")
    await new.accept_friend(JUNHO.name)
    await new.wait_for_wallet()
    await album.take(new, "wallet-new")
    await new.set_pin(PIN)
    await new.make_recovery_code(PIN, at_code=lambda: album.take(new, "recovery-code"))
    await new.button("wallet:receive.title").click()
    await expect(new.page.get_by_test_id("address")).to_be_visible()
    await album.take(new, "receive")
    await new.page.keyboard.press("Escape")
    await new.open_chat(JUNHO.name)
    await new.say("준호야, 지난번 커피값 보낼게")
    await new.begin_payment("3.5", "커피값", at_amount=lambda: album.take(new, "pay"))
    await album.take(new, "review")
    await new.button("transfers:review.approve", amount="3.5 XRP").click()
    await expect(new.field("transfers:approve.pin")).to_be_visible()
    await album.take(new, "pin")
    await new.field("transfers:approve.pin").fill(PIN)
    await new.sees_settled_in_sheet()
    await album.take(new, "settled")
    await new.close_payment()
    await new.sees_card("3.5", "커피값", mine=True)
    await album.take(new, "room-with-card")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
async def test_every_screen_is_whole_and_accessible(
    running_house: House, fresh_number: Callable[[], str], artifacts: Path, width: int, theme: Theme
) -> None:
    await seed(running_house.url)
    album = Album(artifacts / f"{width}-{theme}")
    touch = width == 360
    async with browser() as chromium:
        async with Device.open(chromium, running_house, width=width, theme=theme, touch=touch) as mina:
            await screens_of_the_demo(mina, album)
        async with Device.open(chromium, running_house, width=width, theme=theme, touch=touch) as new:
            await screens_of_a_newcomer(new, fresh_number(), album)
    assert album.troubles == []
