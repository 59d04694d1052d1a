"""A lost phone: the wallet comes to a new device by the recovery code, unchanged, after its delay."""

from collections.abc import Callable

import pytest

from tests.journeys.browser import browser
from tests.journeys.gestures import Device
from tests.journeys.house import House

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]

PIN, NEW_PIN = "271828", "161803"


async def test_a_wallet_is_recovered_on_a_new_device_with_the_code(
    running_house: House, fresh_number: Callable[[], str]
) -> None:
    mina_phone, junho_phone = fresh_number(), fresh_number()
    async with (
        browser() as chromium,
        Device.open(chromium, running_house, width=360, touch=True) as old,
        Device.open(chromium, running_house, width=360, touch=True) as new,
        Device.open(chromium, running_house, locale="en", width=1280) as junho,
    ):
        await old.sign_up(mina_phone, "민아")
        await junho.sign_up(junho_phone, "Junho")
        await junho.wait_for_wallet()
        await old.ask_friend(junho_phone)
        await junho.accept_friend("민아")
        balance = await old.wait_for_wallet()
        await old.set_pin(PIN)
        code = await old.make_recovery_code(PIN)
        address = await old.address()

        await new.sign_in(mina_phone)
        await new.page.wait_for_url("**/chats")
        assert await new.wait_for_wallet() == balance
        await new.recover_wallet(code, NEW_PIN)
        await old.sees_recovery_notice()

        await new.waits_until_it_may_spend()
        assert await new.wait_for_wallet() == balance
        assert await new.address() == address
        await new.open_chat("Junho")
        await new.pay("1.25", "from the new phone", NEW_PIN)
        await junho.choose_chat("민아")
        await junho.sees_card("1.25", "from the new phone", mine=False)
