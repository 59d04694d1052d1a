"""Tokens on a phone: taken up, paid, exchanged, frozen, sent home and let go, each read from its bytes."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.journeys.browser import browser
from tests.journeys.gestures import PAYMENT_TIMEOUT_MS, Device
from tests.journeys.house import house
from tests.journeys.issuer import Issuer
from tests.journeys.test_requests import Album

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

PIN = "271828"
BANK = "연습 은행"


async def open_manager(device: Device) -> None:
    """The list of all tokens, from the wallet."""
    await device.go("wallet")
    await device.page.get_by_role("link", name=device.words("wallet:tokens.manage")).click()
    await expect(
        device.page.get_by_role("heading", name=device.words("assets:title"), exact=True)
    ).to_be_visible()


def group(device: Device, key: str) -> Locator:
    """One of the manager's lists."""
    return device.page.get_by_role("region", name=device.words(f"assets:{key}"))


def fact(device: Device, key: str, text: str) -> Locator:
    """A line of the open sheet that says so."""
    sheet = device.page.get_by_role("dialog").last
    name = device.page.get_by_text(device.words(key), exact=True)
    return sheet.locator("dl > div").filter(has=name).filter(has_text=text)


async def carry_out(device: Device, action: str) -> None:
    """From the costs to the ledger's word."""
    await device.button("assets:understood").click()
    await device.button(f"assets:approve.{action}").click()
    await device.field("transfers:approve.pin").fill(PIN)
    sheet = device.page.get_by_role("dialog")
    done = sheet.get_by_text(device.words(f"assets:done.{action}"), exact=True)
    await expect(done).to_be_visible(timeout=PAYMENT_TIMEOUT_MS)
    await device.button("assets:finish").click()
    await device.sees_no_sheet()


async def take_wide(album: Album, device: Device, name: str) -> None:
    """Pictures of the screen as it is on wider devices."""
    for width in (768, 1280):
        await device.page.set_viewport_size({"width": width, "height": 900})
        await album.take(device, f"{name}-{width}")


async def add_verified(device: Device, album: Album | None = None) -> None:
    """Take up the one token the list vouches for."""
    await open_manager(device)
    await group(device, "listed").get_by_role("button").filter(has_text=BANK).click()
    await expect(fact(device, "assets:fact.would_lock", "0.2 XRP")).to_be_visible()
    if album is not None:
        await album.take(device, "token")
    await device.button("assets:add").click()
    await device.button("assets:next").click()
    await expect(fact(device, "assets:fact.would_lock", "0.2 XRP")).to_be_visible()
    if album is not None:
        await album.take(device, "costs")
    await carry_out(device, "add")


async def begin(device: Device, address: str, value: str, *, arrives: str, pays_with: str = "") -> None:
    """Fill in the pay sheet, up to its review."""
    await device.go("wallet")
    await device.button("wallet:send").click()
    await device.field("transfers:to.address").fill(address)
    await choose(device, "transfers:assets.arrives", arrives)
    if pays_with:
        await choose(device, "transfers:assets.pays_with", pays_with)
    await device.field("transfers:amount").fill(value)
    await device.button("transfers:next").click()


async def choose(device: Device, key: str, text: str) -> None:
    """An asset in one of the pickers of the pay sheet."""
    label = device.words(key)
    await device.page.get_by_role("button", name=label).click()
    picker = device.page.get_by_role("radiogroup", name=label)
    await picker.get_by_role("radio").filter(has_text=text).click()
    await expect(picker).to_have_count(0)


async def approve(device: Device, amount: str) -> None:
    """Accept what is warned of, approve what the review shows, and see it settle."""
    accept = device.button("transfers:warnings.accept")
    send = device.button("transfers:review.approve", amount=amount)
    await expect(accept.or_(send)).to_be_visible()
    if await accept.is_visible():
        await accept.click()
    await send.click()
    await device.field("transfers:approve.pin").fill(PIN)
    await device.close_payment()


async def test_tokens_are_taken_up_paid_exchanged_and_let_go(
    fresh_number: Callable[[], str], artifacts: Path, tmp_path: Path
) -> None:
    album = Album(artifacts / "tokens")
    bank, swindler = Issuer(), Issuer()
    with house(**bank.vouched_for(tmp_path, BANK)) as running:
        for issuer in (bank, swindler):
            await asyncio.to_thread(issuer.open, running)
        await asyncio.to_thread(bank.sell, "500", 1_000_000_000)
        async with (
            browser() as chromium,
            Device.open(chromium, running, width=360, touch=True) as mina,
            Device.open(chromium, running, width=1280) as jun,
        ):
            addresses = {}
            for device, name in ((mina, "김민아"), (jun, "이준")):
                await device.sign_up(fresh_number(), name)
                await device.wait_for_wallet()
                await device.set_pin(PIN)
                addresses[name] = await device.address()

            await add_verified(mina, album)
            await add_verified(jun)
            await take_wide(album, jun, "manager")
            held = group(mina, "shown").get_by_role("button").filter(has_text=bank.text("0"))
            await expect(held).to_be_visible()
            await album.take(mina, "manager")

            # The same code of another issuer is another token, and is said to look like the one that is vouched for.
            await mina.field("assets:by_issuer.code").fill("USD")
            await mina.field("assets:by_issuer.issuer").fill(swindler.address)
            await mina.button("assets:by_issuer.look").click()
            caution = mina.words("assets:caution.lookalike", other="USD")
            await expect(mina.page.get_by_role("alert").filter(has_text=caution)).to_be_visible()
            await album.take(mina, "lookalike")
            await mina.close_sheet()

            # Frozen: said in the list and explained in the sheet; nothing of it can be sent meanwhile.
            await asyncio.to_thread(bank.pay, addresses["김민아"], "100")
            await asyncio.to_thread(bank.freeze, addresses["김민아"])
            row = group(mina, "shown").get_by_role("button").filter(has_text=bank.text("100"))
            await expect(row).to_contain_text(
                mina.words("assets:notice.frozen.short"), timeout=PAYMENT_TIMEOUT_MS
            )
            await row.click()
            await expect(mina.page.get_by_text(mina.words("assets:notice.frozen.long"))).to_be_visible()
            await expect(mina.button("assets:remove")).to_be_disabled()
            await album.take(mina, "frozen")
            await mina.close_sheet()
            await asyncio.to_thread(bank.freeze, addresses["김민아"], frozen=False)
            await expect(row).not_to_contain_text(
                mina.words("assets:notice.frozen.short"), timeout=PAYMENT_TIMEOUT_MS
            )

            # Paid as it is, then exchanged on the way: the bytes say what leaves at most.
            await begin(mina, addresses["이준"], "10", arrives=BANK)
            await approve(mina, bank.text("10"))
            await begin(mina, addresses["이준"], "5", arrives=BANK, pays_with="XRP")
            accept = mina.button("transfers:warnings.accept")
            most = fact(mina, "transfers:review.at_most", "10.05 XRP")
            await expect(accept.or_(most)).to_be_visible()
            if await accept.is_visible():
                await accept.click()
            await expect(most).to_be_visible()
            await expect(fact(mina, "transfers:review.price_for", "")).to_be_visible()
            await album.take(mina, "exchange")
            await approve(mina, bank.text("5"))
            await jun.go("wallet")
            await expect(jun.page.get_by_text(bank.text("15"), exact=True)).to_be_visible(
                timeout=PAYMENT_TIMEOUT_MS
            )
            await take_wide(album, jun, "wallet")
            await open_manager(jun)
            await group(jun, "shown").get_by_role("button").filter(has_text=bank.text("15")).click()
            await expect(jun.button("assets:send")).to_be_visible()
            await take_wide(album, jun, "held")
            await jun.button("assets:send").click()
            await expect(jun.field("transfers:to.address")).to_be_visible()
            await take_wide(album, jun, "pay")
            await jun.close_sheet()

            # All of it goes home; then the line can go, and its reserve comes back.
            await begin(mina, bank.address, "90", arrives=BANK)
            await approve(mina, bank.text("90"))
            await open_manager(mina)
            await held.click()
            await mina.button("assets:remove").click()
            await mina.button("assets:next").click()
            await carry_out(mina, "remove")
            await expect(group(mina, "shown")).to_contain_text(
                mina.words("assets:none_shown"), timeout=PAYMENT_TIMEOUT_MS
            )
    assert album.troubles == []
