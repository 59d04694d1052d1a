"""A developer's afternoon: an access token, a webhook, a failure, a replay, a new secret; and their activity,
narrowed and exported."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Locator, expect

from talktalk_client.webhooks import WebhookRefused
from tests.journeys.axe import serious_findings
from tests.journeys.browser import browser
from tests.journeys.gestures import Device
from tests.journeys.house import house
from tests.webhooks.receiver import OK, Receiver, answer

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

DELIVERED_TIMEOUT_MS = 30_000


class Console:
    """More → Developers, in gestures."""

    def __init__(self, device: Device, folder: Path) -> None:
        self.device = device
        self._folder = folder
        self._taken = 0
        self.troubles: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)

    async def look(self, name: str) -> None:
        """Keep a picture, and what is wrong with the screen."""
        page = self.device.page
        self._taken += 1
        await page.screenshot(path=self._folder / f"{self._taken:02d}-{name}.png")
        if await page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            self.troubles.append(f"{name}: scrolls sideways")
        self.troubles += [f"{name}: {finding}" for finding in await serious_findings(page)]

    async def open(self) -> None:
        """From anywhere."""
        await self.device.go("more")
        link = self.device.page.get_by_role(
            "link", name=re.compile(self.device.words("more:developers.title"))
        )
        await link.first.click()
        await self.device.page.wait_for_url("**/more/developers")

    async def keep_secret(self, name: str) -> str:
        """Read the secret that is shown once, and close its sheet."""
        shown = self.device.page.get_by_test_id("secret")
        await expect(shown).to_be_visible()
        await self.look(name)
        secret = (await shown.inner_text()).strip()
        await self.device.button("developers:secret.done").click()
        await self.device.sees_no_sheet()
        return secret

    async def make_token(self, name: str) -> str:
        """A token that may read; its secret."""
        await self.device.button("developers:tokens.make").click()
        await self.device.field("developers:tokens.name").fill(name)
        await self.look("token-form")
        await self.device.button("developers:tokens.make_do").click()
        return await self.keep_secret("token-secret")

    async def add_webhook(self, url: str, description: str) -> str:
        """A webhook; its secret."""
        await self.device.button("developers:webhooks.add").click()
        await self.device.field("developers:webhooks.url").fill(url)
        await self.device.field("developers:webhooks.description").fill(description)
        await self.look("webhook-form")
        await self.device.button("developers:webhooks.add_do").click()
        return await self.keep_secret("webhook-secret")

    def delivery(self, state: str, count: int = 0) -> Locator:
        """The newest delivery, or an older one, in a state."""
        row = self.device.page.get_by_role("button", name=re.compile("webhook.test")).nth(count)
        return row.filter(has_text=self.device.words(f"developers:deliveries.filter.{state}"))


@pytest.mark.parametrize(("locale", "width"), [("ko", 360), ("en", 1280)])
async def test_a_developer_connects_a_program(
    locale: str, width: int, fresh_number: Callable[[], str], artifacts: Path
) -> None:
    answers = (OK, answer(500, b"the shop is closed"))
    async with Receiver(*answers) as receiver, browser() as chromium:
        with house(WEBHOOK_PRIVATE_TARGETS="1") as running:
            async with Device.open(chromium, running, locale=locale, width=width) as device:
                await device.sign_up(fresh_number(), "Dana")
                console = Console(device, artifacts / "developers" / f"{locale}-{width}")
                await console.open()
                await console.look("empty")
                await _token(console, running.url)
                await _webhook(console, receiver)
                await _activity(console)
                assert console.troubles == []


async def _token(console: Console, url: str) -> None:
    device = console.device
    token = await console.make_token("Books")
    async with httpx.AsyncClient(base_url=url, trust_env=False) as program:
        program.headers["Authorization"] = f"Bearer {token}"
        assert (await program.get("/api/v1/me")).json()["name"] == "Dana"
        assert (await program.patch("/api/v1/me", json={"name": "x"})).status_code == 403
        await expect(device.page.get_by_text(f"…{token[-4:]}")).to_be_visible()
        assert token not in await device.page.content()
        revoke = f"{device.words('developers:tokens.revoke')} · Books"
        await device.page.get_by_role("button", name=revoke, exact=True).click()
        await device.button("developers:tokens.revoke").last.click()
        await expect(device.page.get_by_text(device.words("developers:tokens.none"))).to_be_visible()
        assert (await program.get("/api/v1/me")).status_code == 401


async def _webhook(console: Console, receiver: Receiver) -> None:
    device = console.device
    secret = await console.add_webhook(receiver.url, "Shop")
    await console.look("one-webhook")
    await device.page.get_by_role("link", name=re.compile("Shop")).click()
    await device.page.wait_for_url("**/more/developers/*")
    await device.button("developers:one.test").click()
    await expect(console.delivery("delivered")).to_be_visible(timeout=DELIVERED_TIMEOUT_MS)
    assert receiver.got[0].verified(secret).type == "webhook.test"
    # The second is refused, is looked at, and sent again by hand.
    await device.button("developers:one.test").click()
    await expect(console.delivery("pending").filter(has_text="500")).to_be_visible(
        timeout=DELIVERED_TIMEOUT_MS
    )
    await console.look("webhook")
    await console.delivery("pending").click()
    await expect(device.page.get_by_text("the shop is closed")).to_be_visible()
    await console.look("delivery")
    await device.button("developers:deliveries.replay").click()
    await expect(device.page.get_by_text(re.compile("204")).first).to_be_visible(timeout=DELIVERED_TIMEOUT_MS)
    await device.button("common:action.close").click()
    await expect(console.delivery("delivered")).to_be_visible()
    ids = [each.headers["webhook-id"] for each in receiver.got]
    assert ids[1] == ids[-1] != ids[0]
    # A new secret signs at once; the old one still does.
    await device.button("developers:one.rotate").click()
    await (
        device.page.get_by_role("alertdialog")
        .get_by_role("button", name=device.words("developers:one.rotate"), exact=True)
        .click()
    )
    rotated = await console.keep_secret("new-secret")
    before = len(receiver.got)
    await device.button("developers:one.test").click()
    await receiver.until(before + 1)
    for key in (secret, rotated):
        assert receiver.got[-1].verified(key).type == "webhook.test"
    with pytest.raises(WebhookRefused):
        receiver.got[0].verified(rotated)
    await device.button("developers:one.remove").click()
    await (
        device.page.get_by_role("alertdialog")
        .get_by_role("button", name=device.words("developers:one.remove"), exact=True)
        .click()
    )
    await device.page.wait_for_url("**/more/developers")
    await expect(device.page.get_by_text(device.words("developers:webhooks.none"))).to_be_visible()


async def _activity(console: Console) -> None:
    device = console.device
    await device.wait_for_wallet()
    search = device.field("wallet:activity.search")
    await expect(search).to_be_visible()
    rows = device.page.get_by_role("region", name=device.words("wallet:activity.title")).get_by_role(
        "listitem"
    )
    await expect(rows).to_have_count(1)
    await device.button("wallet:activity.filter.out").click()
    await expect(device.page.get_by_text(device.words("wallet:activity.no_match"))).to_be_visible()
    await device.button("wallet:activity.filter.all").click()
    await search.fill("no such thing")
    await expect(rows).to_have_count(0)
    await search.fill("")
    await expect(rows).to_have_count(1)
    await device.button("wallet:activity.filter.more").click()
    await device.field("wallet:activity.filter.to").fill("2020-01-01")
    await console.look("activity-filters")
    await device.button("wallet:activity.filter.apply").click()
    await device.sees_no_sheet()
    await expect(rows).to_have_count(0)
    await console.look("activity-narrowed")
    await device.button("wallet:activity.filter.more_set", count=1).click()
    await device.button("wallet:activity.filter.clear").click()
    await expect(rows).to_have_count(1)
    async with device.page.expect_download() as download:
        await device.page.get_by_role("link", name=device.words("wallet:activity.export")).click()
    file = await (await download.value).path()
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("id,created_at,")
