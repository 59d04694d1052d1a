"""Two people, two browsers: they sign up, become friends, talk and pay, and a reload keeps it all."""

from collections.abc import Callable

import pytest

from tests.journeys.browser import browser
from tests.journeys.gestures import Device
from tests.journeys.house import House

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]

PIN = "271828"


@pytest.mark.parametrize(
    ("locale", "one", "other"), [("ko", "김민아", "이준호"), ("en", "Mina Kim", "Junho Lee")]
)
async def test_two_people_meet_talk_and_pay(
    running_house: House, fresh_number: Callable[[], str], locale: str, one: str, other: str
) -> None:
    mina_phone, junho_phone = fresh_number(), fresh_number()
    async with (
        browser() as chromium,
        Device.open(chromium, running_house, locale=locale, width=360, touch=True) as mina,
        Device.open(chromium, running_house, locale=locale, width=1280) as junho,
    ):
        await mina.sign_up(mina_phone, one)
        await junho.sign_up(junho_phone, other)

        await mina.ask_friend(junho_phone)
        await junho.accept_friend(one)
        await mina.sees_friend(other)

        await mina.open_chat(other)
        await mina.say("안녕!", "Lunch tomorrow?")
        await mina.sees_unread_by("안녕!", 1)
        await junho.go("chats")
        await junho.sees_unread_in_list(one, 2)
        await junho.choose_chat(one)
        await junho.sees("안녕!", "Lunch tomorrow?")
        await mina.sees_unread_by("안녕!", 0)
        await mina.sees_unread_by("Lunch tomorrow?", 0)

        await junho.write("좋")
        await mina.sees_typing(other)
        await junho.say("좋아 👍")
        await mina.sees("안녕!", "Lunch tomorrow?", "좋아 👍")

        before = await mina.wait_for_wallet()
        await mina.set_pin(PIN)
        await mina.choose_chat(other)
        await mina.pay("2.5", "점심값", PIN)
        await mina.sees_card("2.5", "점심값", mine=True)
        await junho.sees_card("2.5", "점심값", mine=False)
        assert await mina.wait_for_wallet() != before

        for device, friend, is_mine in ((mina, other, True), (junho, one, False)):
            await device.choose_chat(friend)
            await device.reload()
            await device.sees("안녕!", "Lunch tomorrow?", "좋아 👍")
            await device.sees_card("2.5", "점심값", mine=is_mine)


async def test_a_wrong_pin_moves_nothing_and_the_right_one_goes_on(
    running_house: House, fresh_number: Callable[[], str]
) -> None:
    mina_phone, junho_phone = fresh_number(), fresh_number()
    async with (
        browser() as chromium,
        Device.open(chromium, running_house, width=768) as mina,
        Device.open(chromium, running_house, width=768) as junho,
    ):
        await mina.sign_up(mina_phone, "민아")
        await junho.sign_up(junho_phone, "준호")
        await junho.wait_for_wallet()
        await mina.ask_friend(junho_phone)
        await junho.accept_friend("민아")
        await mina.wait_for_wallet()
        await mina.set_pin(PIN)
        await mina.open_chat("준호")
        await mina.begin_payment("1", "커피")
        await mina.approve_payment("1", "999111")
        await mina.sees_wrong_pin(tries_left=4)
        await mina.retry_pin(PIN)
        await mina.close_payment()
        await mina.sees_card("1", "커피", mine=True)
