"""What a person does on a device, in the words of the screens.

Every gesture finds things by role and accessible name, as a person (or a screen reader) does, waits
until they are there, and ends when its effect shows. `Device.sees…` gestures are the looks.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

from playwright.async_api import Browser, Error, Locator, Page, expect

from tests.journeys.browser import TIMEOUT_MS, Complaints, Theme, open_page
from tests.journeys.house import ARTIFACTS, House
from tests.journeys.words import Words

expect.set_options(timeout=TIMEOUT_MS)

PAYMENT_TIMEOUT_MS = 60_000
"""From the approval to the validated ledger, on a busy machine."""


Pause = Callable[[], Awaitable[None]]
"""Something to do in the middle of a gesture."""


class Device:
    """One browser of one person."""

    def __init__(self, house: House, page: Page, complaints: Complaints, locale: str) -> None:
        self.house = house
        self.page = page
        self.complaints = complaints
        self.words = Words(locale)
        self.name = ""

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        browser: Browser,
        house: House,
        *,
        locale: str = "ko",
        width: int = 360,
        theme: Theme = "light",
        touch: bool = False,
    ) -> AsyncIterator[Self]:
        """A new device; at the end its pages must have nothing to complain of."""
        page, complaints = await open_page(browser, locale=locale, width=width, theme=theme, touch=touch)
        device = cls(house, page, complaints, locale)
        try:
            yield device
        except BaseException:
            await device.keep_last_sight()
            raise
        await page.context.close()
        assert complaints == []

    async def keep_last_sight(self) -> None:
        """Keep a picture of where a journey ended badly."""
        ARTIFACTS.mkdir(exist_ok=True)
        with contextlib.suppress(Error):  # the page may be gone
            await self.page.screenshot(path=ARTIFACTS / f"failed-{self.name or 'nobody'}.png")

    # Finding.

    def button(self, key: str, **values: object) -> Locator:
        """A button by its words."""
        return self.page.get_by_role("button", name=self.words(key, **values), exact=True)

    def field(self, key: str) -> Locator:
        """A field by its label; a sheet may bear the same words."""
        return self.page.locator("input, textarea").and_(self.page.get_by_label(self.words(key), exact=True))

    @property
    def log(self) -> Locator:
        """The messages of the open room."""
        return self.page.get_by_role("log")

    # Signing in.

    async def sign_in(self, phone: str) -> None:
        """From the first screen through number and code; `phone` is E.164."""
        await self.page.goto(self.house.url)
        await self.field("identity:number.label").fill(phone)
        await self.button("identity:number.send").click()
        code = self.field("identity:code.label")
        await expect(code).to_be_visible()
        await code.fill(self.house.code_of(phone))
        await expect(code).to_be_hidden()

    async def sign_up(self, phone: str, name: str) -> None:
        """Sign in for the first time and choose a name."""
        await self.sign_in(phone)
        await self.field("identity:welcome.name").fill(name)
        await self.button("identity:welcome.start").click()
        await self.page.wait_for_url(re.compile("/(chats|friends)$"))
        self.name = name

    # Going about.

    async def go(self, place: str) -> None:
        """To one of the four places: friends, chats, wallet, more."""
        await self.sees_no_sheet()
        menu = self.page.get_by_role("navigation", name=self.words("common:nav.label"))
        back = self.button("common:action.back").first
        await expect(menu.or_(back).first).to_be_visible()
        if not await menu.is_visible():  # a phone shows one thing at a time
            await back.click()
        await menu.get_by_role("link", name=self.words(f"common:nav.{place}")).click()
        await self.page.wait_for_url(f"**/{place}**")

    async def sees_no_sheet(self) -> None:
        """Nothing lies over the screen; while a sheet closes, what is behind it cannot be used."""
        await expect(self.page.get_by_role("dialog")).to_have_count(0)

    async def close_sheet(self) -> None:
        """Put the open sheet away with its own button; the key Escape may go to a toast instead."""
        await self.page.get_by_role("dialog").get_by_title(self.words("common:action.close")).click()
        await self.sees_no_sheet()

    async def reload(self) -> None:
        """As with the browser's own button."""
        await self.page.reload()

    # Friends.

    async def ask_friend(self, phone: str) -> None:
        """Find someone by number and ask to be friends."""
        await self.go("friends")
        await self.button("friends:add").first.click()
        await self.field("friends:search.label").fill(phone)
        await self.button("friends:search.go").click()
        await self.button("friends:search.request").click()
        await self.sees_no_sheet()

    async def accept_friend(self, name: str) -> None:
        """Accept somebody's request; it is in the list without a reload."""
        await self.go("friends")
        label = f"{self.words('friends:requests.accept')} · {name}"
        await self.page.get_by_role("button", name=label, exact=True).click()
        await self.sees_friend(name)

    async def sees_friend(self, name: str) -> None:
        """Someone stands in the list of friends."""
        await expect(self._friend(name)).to_be_visible()

    def _friend(self, name: str) -> Locator:
        return self.page.get_by_role("main").get_by_role("link", name=name).first

    # Talking.

    async def choose_friend(self, name: str) -> None:
        """A friend's profile."""
        await self.go("friends")
        await self._friend(name).click()
        await expect(self.button("friends:person.chat")).to_be_visible()

    async def open_chat(self, name: str) -> None:
        """The room with a friend, from their profile."""
        await self.choose_friend(name)
        await self.button("friends:person.chat").click()
        await expect(self.field("chat:composer.label")).to_be_visible()

    async def choose_chat(self, name: str) -> None:
        """The room with a friend, from the list of chats."""
        await self.go("chats")
        chats = self.page.get_by_role("navigation", name=self.words("chat:list.label"))
        await chats.get_by_role("link", name=name).click()
        await expect(self.field("chat:composer.label")).to_be_visible()

    async def write(self, text: str) -> None:
        """Type without sending."""
        await self.field("chat:composer.label").press_sequentially(text)

    async def say(self, *texts: str) -> None:
        """Send messages into the open room."""
        composer = self.field("chat:composer.label")
        for text in texts:
            await composer.fill(text)
            await composer.press("Enter")
            await expect(self._bubble(text)).to_be_visible()

    def _bubble(self, text: str) -> Locator:
        return self.log.locator(self._article(text))

    def _row(self, text: str) -> Locator:
        """A bubble with what stands beside it."""
        return self.log.locator("[data-row]").filter(has=self._article(text))

    def _article(self, text: str) -> Locator:
        return self.page.get_by_role("article").filter(has_text=re.compile(f"^{re.escape(text)}$"))

    async def sees(self, *texts: str) -> None:
        """These messages stand in the room, once each and in this order."""
        for text in texts:
            await expect(self._bubble(text)).to_have_count(1)
        shown = await self.log.get_by_role("article").all_inner_texts()
        assert [text for text in shown if text in texts] == list(texts)

    async def sees_unread_by(self, text: str, count: int) -> None:
        """So many people have not read my message yet; 0: everybody has, and no number stands."""
        row = self._row(text)
        if count:
            words = self.words("chat:message.unread_by", count=count)
            await expect(row.get_by_text(words)).to_have_count(1)
        else:
            await expect(row).to_have_count(1)
            # Whatever the number was: its words are gone.
            await expect(row.get_by_title(re.compile(r"\d"))).to_have_count(0)

    async def sees_queued(self, text: str) -> None:
        """My message waits for the network."""
        mark = self._row(text).get_by_role("img", name=self.words("chat:message.queued"))
        await expect(mark).to_be_visible()

    async def sees_nothing_queued(self) -> None:
        """Every message of mine is on its way or there."""
        for state in ("queued", "sending"):
            mark = self.log.get_by_role("img", name=self.words(f"chat:message.{state}"))
            await expect(mark).to_have_count(0)

    async def sees_typing(self, name: str) -> None:
        """Somebody is writing."""
        words = self.words("chat:room.typing_person", name=name)
        await expect(self.page.get_by_text(words)).to_be_visible()

    async def sees_unread_in_list(self, name: str, count: int) -> None:
        """A chat in the list counts my unread messages."""
        chats = self.page.get_by_role("navigation", name=self.words("chat:list.label"))
        row = chats.get_by_role("link", name=name)
        await expect(row).to_contain_text(self.words("chat:list.unread", count=count))

    # The network.

    async def lose_network(self) -> None:
        """No network at all, and the app says so."""
        await self.page.context.set_offline(True)
        await expect(self.page.get_by_text(self.words("common:offline"))).to_be_visible()

    async def find_network(self) -> None:
        """The network is back."""
        await self.page.context.set_offline(False)
        await expect(self.page.get_by_text(self.words("common:offline"))).to_be_hidden()

    async def close_tab_and_return(self) -> None:
        """The page is closed while offline; later the network is back and the app is opened again."""
        context, address = self.page.context, self.page.url
        await self.page.close()
        await context.set_offline(False)
        self.page = await context.new_page()
        self.complaints.hear(self.page)
        await self.page.goto(address)

    # Money.

    async def wait_for_wallet(self) -> str:
        """The wallet screen with a balance; answers with what can be sent, as it is shown."""
        await self.go("wallet")
        spendable = self.page.get_by_test_id("spendable")
        await expect(spendable).to_be_visible(timeout=PAYMENT_TIMEOUT_MS)
        await expect(spendable).to_contain_text("XRP")
        return await spendable.inner_text()

    def _safety(self, key: str) -> Locator:
        """A row of the list of what would be needed if this device were lost."""
        return self.page.get_by_role("button", name=self.words(key)).first

    async def set_pin(self, pin: str) -> None:
        """Choose a payment PIN on the wallet screen."""
        await self._safety("wallet:safety.pin").click()
        await self.field("wallet:pin.label.new").fill(pin)
        await self.field("wallet:pin.label.again").fill(pin)
        await self.sees_no_sheet()
        await expect(self._safety("wallet:safety.pin_done")).to_be_visible()

    async def make_recovery_code(self, pin: str, at_code: Pause | None = None) -> str:
        """Make a recovery code, copy it down, and prove it; `at_code` looks while it is shown."""
        await self._safety("wallet:safety.code").click()
        shown = self.page.get_by_test_id("recovery-code")
        groups = await shown.locator("span").all_inner_texts()
        if at_code is not None:
            await at_code()
        await self.button("wallet:code.written").click()
        await self.field("wallet:code.confirm").fill("".join(groups[-2:]))
        await self.button("wallet:code.next").click()
        await self.field("wallet:pin.label.old").fill(pin)
        await self.sees_no_sheet()
        await expect(self._safety("wallet:safety.code_done")).to_be_visible()
        return " ".join(groups)

    async def address(self) -> str:
        """My address, from the receive sheet."""
        await self.button("wallet:receive.title").click()
        address = await self.page.get_by_test_id("address").inner_text()
        await self.close_sheet()
        return address.strip()

    async def begin_payment(self, amount: str, note: str, at_amount: Pause | None = None) -> None:
        """From the open room to the review of what would be signed; `at_amount` looks on the way."""
        await self.button("transfers:title").first.click()
        await self.field("transfers:amount").fill(amount)
        await self.field("transfers:note").fill(note)
        if at_amount is not None:
            await at_amount()
        await self.button("transfers:next").click()
        accept = self.button("transfers:warnings.accept")
        approve = self.button("transfers:review.approve", amount=f"{amount} XRP")
        await expect(accept.or_(approve)).to_be_visible()
        if await accept.is_visible():
            await accept.click()
        await expect(approve).to_be_visible()

    async def approve_payment(self, amount: str, pin: str) -> None:
        """Approve what the review shows; the sheet tells what becomes of it."""
        await self.button("transfers:review.approve", amount=f"{amount} XRP").click()
        await self.field("transfers:approve.pin").fill(pin)

    async def sees_settled_in_sheet(self) -> None:
        """The ledger has spoken, and the sheet says so."""
        sheet = self.page.get_by_role("dialog")
        settled = sheet.get_by_text(self.words("transfers:state.settled"), exact=True)
        await expect(settled).to_be_visible(timeout=PAYMENT_TIMEOUT_MS)

    async def close_payment(self) -> None:
        """Put the sheet away once the ledger has spoken."""
        await self.sees_settled_in_sheet()
        await self.button("transfers:sent.close").click()
        await self.sees_no_sheet()

    async def sees_wrong_pin(self, *, tries_left: int) -> None:
        """The PIN was refused, and the person is told how many tries are left."""
        told = self.page.get_by_text(self.words("transfers:approve.wrong", count=tries_left))
        await expect(told).to_be_visible(timeout=PAYMENT_TIMEOUT_MS)

    async def retry_pin(self, pin: str) -> None:
        """Approve the same payment with another PIN."""
        await self.field("transfers:approve.pin").fill(pin)

    async def pay(self, amount: str, note: str, pin: str) -> None:
        """Send money in the open room, and see it settle."""
        await self.begin_payment(amount, note)
        await self.approve_payment(amount, pin)
        await self.close_payment()

    async def sees_card(self, amount: str, note: str, *, mine: bool) -> None:
        """A settled payment stands in the room."""
        side = self.words("transfers:card.mine" if mine else "transfers:card.theirs")
        card = self.log.get_by_role("button").filter(has_text=note)
        await expect(card).to_have_count(1)
        for text in (side, f"{amount} XRP", self.words("transfers:state.settled")):
            await expect(card).to_contain_text(text, timeout=PAYMENT_TIMEOUT_MS)

    async def recover_wallet(self, code: str, new_pin: str) -> None:
        """On a new device: bring the wallet here with the recovery code."""
        await self.button("wallet:trust.recover").click()
        await self.button("wallet:recover.by_code").click()
        await self.field("wallet:recover.code").fill(code)
        await self.button("wallet:recover.next").click()
        await self.field("wallet:pin.label.new").fill(new_pin)
        # The sheet tells how it stands, whatever has become of the wallet's state meanwhile.
        await self.button("wallet:recover.close").click()
        await self.sees_no_sheet()

    async def sees_recovery_notice(self) -> None:
        """A trusted device is told that another one is getting the wallet."""
        await self.go("wallet")
        await expect(self.button("wallet:notice.look").first).to_be_visible()

    async def waits_until_it_may_spend(self) -> None:
        """The delay passes and the wallet's own buttons appear, without a reload."""
        await self.go("wallet")
        await expect(self.button("wallet:send")).to_be_visible(timeout=PAYMENT_TIMEOUT_MS)
