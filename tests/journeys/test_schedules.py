"""Somebody schedules a payment to a friend, hears that it comes, skips it, pauses and ends the schedule."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.journeys.axe import serious_findings
from tests.journeys.browser import browser
from tests.journeys.gestures import Device
from tests.journeys.house import House

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]

SEOUL = timedelta(hours=9)


async def test_payment_is_scheduled_skipped_paused_and_ended(
    running_house: House, fresh_number: Callable[[], str], artifacts: Path
) -> None:
    mina_phone, junho_phone = fresh_number(), fresh_number()
    folder = artifacts / "schedules"
    folder.mkdir(exist_ok=True)
    async with (
        browser() as chromium,
        Device.open(chromium, running_house, width=360, touch=True) as mina,
        Device.open(chromium, running_house, width=360, touch=True) as junho,
    ):
        await mina.sign_up(mina_phone, "김민아")
        await junho.sign_up(junho_phone, "이준호")
        await mina.ask_friend(junho_phone)
        await junho.accept_friend("김민아")
        await mina.sees_friend("이준호")

        await mina.go("more")
        await mina.page.get_by_role("link", name=mina.words("more:schedules.title")).click()
        await mina.page.get_by_role("button", name=mina.words("schedules:make"), exact=True).click()
        await mina.page.get_by_role("radio", name="이준호").click()
        await mina.field("schedules:amount").fill("3")
        # Less than a day away, so that its notice comes at once.
        tomorrow = (datetime.now(UTC) + SEOUL + timedelta(days=1)).date()
        await mina.field("schedules:day").fill(tomorrow.isoformat())
        await mina.field("schedules:at").fill("00:00")
        await mina.field("schedules:note").fill("회비")
        await mina.page.screenshot(path=folder / "make.png")
        await mina.button("schedules:save").click()
        await mina.sees_no_sheet()

        row = mina.page.get_by_role("listitem", name="이준호", exact=True)
        await expect(row).to_contain_text("3 XRP")
        await expect(row).to_contain_text(mina.words("schedules:run.coming"))
        await mina.page.screenshot(path=folder / "coming.png")
        assert await serious_findings(mina.page) == []
        await mina.button("schedules:skip").click()
        await expect(row).to_contain_text(mina.words("schedules:run.skipped"))
        await mina.button("schedules:pause").click()
        await expect(row).to_contain_text(mina.words("schedules:state.paused"))
        await mina.button("schedules:resume").click()
        await expect(row).to_contain_text(mina.words("schedules:state.active"))
        await mina.button("schedules:cancel").click()
        await (
            mina.page.get_by_role("alertdialog")
            .or_(mina.page.get_by_role("dialog"))
            .get_by_role("button", name=mina.words("schedules:cancel"), exact=True)
            .click()
        )
        await expect(row).to_contain_text(mina.words("schedules:state.cancelled"))
        await mina.reload()
        await expect(row).to_contain_text(mina.words("schedules:state.cancelled"))
