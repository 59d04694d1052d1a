"""Money by QR code, and to a number that is not here yet: what a phone shows on the way."""

from collections.abc import Callable
from pathlib import Path

import pytest
import qrcode
from playwright.async_api import expect

from tests.journeys.browser import browser
from tests.journeys.gestures import PAYMENT_TIMEOUT_MS, Device
from tests.journeys.house import House
from tests.journeys.test_requests import Album

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]

PIN = "271828"
SHOP = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"


async def test_code_is_scanned_and_a_number_invited_and_paid(
    running_house: House, fresh_number: Callable[[], str], artifacts: Path, tmp_path: Path
) -> None:
    album = Album(artifacts / "addressing")
    mina_phone, somi_phone = fresh_number(), fresh_number()
    async with (
        browser() as chromium,
        Device.open(chromium, running_house, width=360, touch=True) as mina,
        Device.open(chromium, running_house, width=360, touch=True) as somi,
    ):
        await mina.sign_up(mina_phone, "김민아")
        await mina.wait_for_wallet()
        await mina.set_pin(PIN)

        # A picture of a code fills in all it proposes.
        picture = tmp_path / "code.png"
        with picture.open("wb") as file:
            qrcode.make(f"xrpl:{SHOP}?dt=7&amount=2.5&memo=Order%2017").save(file)
        await mina.button("wallet:send").click()
        await mina.button("transfers:scan.title").click()
        await expect(mina.button("transfers:scan.picture")).to_be_visible()
        await mina.page.locator("input[type=file]").set_input_files(picture)
        await expect(mina.field("transfers:to.address")).to_have_value(SHOP)
        await expect(mina.field("transfers:to.tag")).to_have_value("7")
        await expect(mina.field("transfers:amount")).to_have_value("2.5")
        await expect(mina.field("transfers:memo")).to_have_value("Order 17")
        await album.take(mina, "scanned")
        await mina.button("transfers:next").click()
        await mina.button("transfers:warnings.accept").click()
        await expect(mina.page.get_by_text("Order 17")).to_be_visible()
        await album.take(mina, "review-with-memo")
        await mina.approve_payment("2.5", PIN)
        await mina.close_payment()

        # A number that is not here: nothing moves until they are, and I approve.
        await mina.button("wallet:send").click()
        await mina.button("transfers:to.by_phone").click()
        await mina.field("invitations:phone").fill(somi_phone)
        await mina.field("invitations:amount").fill("3")
        await mina.field("invitations:note").fill("생일 축하해")
        await album.take(mina, "invite")
        await mina.button("invitations:invite").click()
        await mina.sees_no_sheet()
        waiting = mina.page.locator("li[data-state=waiting]")
        await expect(waiting).to_contain_text("3 XRP")
        await album.take(mina, "invited")

        await somi.sign_up(somi_phone, "박소미")
        await somi.wait_for_wallet()
        ready = mina.page.locator("li[data-state=ready]")
        await expect(ready).to_contain_text("박소미", timeout=PAYMENT_TIMEOUT_MS)
        await album.take(mina, "ready")
        await ready.get_by_role("button").click()
        await mina.button("transfers:warnings.accept").click()
        await mina.approve_payment("3", PIN)
        await mina.close_payment()
        await expect(ready).to_have_count(0, timeout=PAYMENT_TIMEOUT_MS)
    assert album.troubles == []
