"""Two people split a bill, one pays their part, and what they owe each other is settled with one payment."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.journeys.axe import serious_findings
from tests.journeys.browser import browser
from tests.journeys.gestures import PAYMENT_TIMEOUT_MS, Device
from tests.journeys.house import House

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]

PIN = "271828"


class Album:
    """Pictures of the way, and what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self.troubles: list[str] = []
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def take(self, device: Device, name: str) -> None:
        """Keep a picture of the screen."""
        page = device.page
        await page.screenshot(path=self._folder / f"{name}.png")
        if await page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            self.troubles.append(f"{name}: scrolls sideways")
        self.troubles += [f"{name}: {finding}" for finding in await serious_findings(page)]


async def begin_request(device: Device, amount: str, note: str, *, with_me: bool) -> None:
    """From the open room to everyone's part."""
    await device.button("requests:title").click()
    if with_me:
        me = device.words("requests:me")
        await device.page.get_by_role("switch", name=device.words("requests:takes_part", name=me)).click()
    await device.field("requests:total").fill(amount)
    await device.field("requests:note").fill(note)
    await device.button("requests:next").click()


def card(device: Device, note: str) -> Locator:
    """The card of a request in the open room."""
    return device.log.get_by_role("region").filter(has_text=note)


async def pays_from(device: Device, place: Locator, amount: str) -> None:
    """Press what is one press away, look, and approve."""
    await place.get_by_role(
        "button", name=device.words("requests:card.pay", amount=f"{amount} XRP"), exact=True
    ).click()
    accept = device.button("transfers:warnings.accept")
    approve = device.button("transfers:review.approve", amount=f"{amount} XRP")
    await expect(accept.or_(approve)).to_be_visible()
    if await accept.is_visible():
        await accept.click()
    await device.approve_payment(amount, PIN)
    await device.close_payment()


async def sees_state(device: Device, note: str, state: str) -> None:
    """A part of the request has come to a state."""
    await expect(card(device, note)).to_contain_text(
        device.words(f"requests:state.{state}"), timeout=PAYMENT_TIMEOUT_MS
    )


@pytest.mark.parametrize(
    ("locale", "one", "other"), [("ko", "김민아", "이준호"), ("en", "Mina Kim", "Junho Lee")]
)
async def test_two_people_split_a_bill_and_settle_up(
    running_house: House,
    fresh_number: Callable[[], str],
    artifacts: Path,
    locale: str,
    one: str,
    other: str,
) -> None:
    mina_phone, junho_phone = fresh_number(), fresh_number()
    album = Album(artifacts / f"requests-{locale}")
    async with (
        browser() as chromium,
        Device.open(chromium, running_house, locale=locale, width=360, touch=True) as mina,
        Device.open(chromium, running_house, locale=locale, width=360, touch=True) as junho,
    ):
        await mina.sign_up(mina_phone, one)
        await junho.sign_up(junho_phone, other)
        await mina.ask_friend(junho_phone)
        await junho.accept_friend(one)
        await mina.sees_friend(other)
        for device in (mina, junho):
            await device.wait_for_wallet()
            await device.set_pin(PIN)

        await mina.open_chat(other)
        await begin_request(mina, "10.000001", "저녁", with_me=True)
        parts = mina.page.get_by_role("dialog")
        await expect(parts).to_contain_text("5.000001 XRP")
        await expect(parts).to_contain_text(mina.words("requests:parts.remainder", amount="0.000001 XRP"))
        await album.take(mina, "parts")
        await mina.button("requests:parts.send", amount="5 XRP").click()
        await mina.sees_no_sheet()
        await sees_state(mina, "저녁", "open")
        await album.take(mina, "card-of-mine")

        await junho.choose_chat(one)
        await sees_state(junho, "저녁", "open")
        await album.take(junho, "card-of-theirs")
        await pays_from(junho, card(junho, "저녁"), "5")
        for device in (mina, junho):
            await sees_state(device, "저녁", "paid")
        await album.take(junho, "card-paid")

        # What each asks of the other is settled with one payment of the rest.
        await begin_request(mina, "7", "숙소", with_me=False)
        await mina.button("requests:parts.send", amount="7 XRP").click()
        await begin_request(junho, "3", "택시", with_me=False)
        await junho.button("requests:parts.send", amount="3 XRP").click()
        await junho.sees_no_sheet()
        await sees_state(junho, "택시", "open")
        await sees_state(junho, "숙소", "open")
        await junho.button("requests:title").click()
        await album.take(junho, "ask")
        await junho.button("requests:settle.open").click()
        sheet = junho.page.get_by_role("dialog")
        await expect(sheet.get_by_role("list", name=junho.words("requests:settle.lines"))).to_contain_text(
            "4 XRP"
        )
        await album.take(junho, "settle-up")
        await pays_from(junho, sheet, "4")
        for device in (mina, junho):
            await sees_state(device, "숙소", "paid")
            await sees_state(device, "택시", "paid")

        # A request can be reminded of, declined and taken back.
        await begin_request(mina, "2", "커피", with_me=False)
        await mina.button("requests:parts.send", amount="2 XRP").click()
        await mina.sees_no_sheet()
        await card(mina, "커피").get_by_role("button", name=mina.words("requests:card.remind")).click()
        await expect(card(mina, "커피")).to_contain_text(mina.words("requests:card.reminded"))
        await card(junho, "커피").get_by_role("button", name=junho.words("requests:card.decline")).click()
        await junho.button("requests:card.decline_sure").click()
        for device in (mina, junho):
            await sees_state(device, "커피", "declined")
            await device.reload()
            await sees_state(device, "저녁", "paid")
        await album.take(mina, "room-after-reload")
    assert album.troubles == []
