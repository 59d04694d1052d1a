"""Going away and coming back: what was written meanwhile is sent once and in order, on both sides."""

from collections.abc import Callable

import pytest

from tests.journeys.browser import browser
from tests.journeys.gestures import Device
from tests.journeys.house import House

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]


async def test_messages_written_without_a_network_are_sent_in_order_once_it_is_back(
    running_house: House, fresh_number: Callable[[], str]
) -> None:
    mina_phone, junho_phone = fresh_number(), fresh_number()
    async with (
        browser() as chromium,
        Device.open(chromium, running_house, width=360, touch=True) as mina,
        Device.open(chromium, running_house, locale="en", width=768) as junho,
    ):
        await mina.sign_up(mina_phone, "민아")
        await junho.sign_up(junho_phone, "Junho")
        await mina.ask_friend(junho_phone)
        await junho.accept_friend("민아")
        await mina.open_chat("Junho")
        await mina.say("before")
        await junho.choose_chat("민아")
        await junho.sees("before")

        await mina.lose_network()
        await mina.say("first", "second", "third")
        await mina.sees_queued("first")
        await mina.sees_queued("third")
        await junho.say("while you were away")
        await junho.sees("before", "while you were away")

        await mina.find_network()
        await mina.sees_nothing_queued()
        whole = ("before", "while you were away", "first", "second", "third")
        await mina.sees(*whole)
        await junho.sees(*whole)

        await mina.reload()
        await mina.sees(*whole)
        await mina.sees_unread_by("third", 0)


async def test_what_was_queued_survives_closing_the_page(
    running_house: House, fresh_number: Callable[[], str]
) -> None:
    mina_phone, junho_phone = fresh_number(), fresh_number()
    async with (
        browser() as chromium,
        Device.open(chromium, running_house, width=360, touch=True) as mina,
        Device.open(chromium, running_house, width=360, touch=True) as junho,
    ):
        await mina.sign_up(mina_phone, "민아")
        await junho.sign_up(junho_phone, "준호")
        await mina.ask_friend(junho_phone)
        await junho.accept_friend("민아")
        await mina.open_chat("준호")
        await mina.say("online")
        await mina.lose_network()
        await mina.say("kept")
        await mina.close_tab_and_return()
        await junho.choose_chat("민아")
        await junho.sees("online", "kept")
