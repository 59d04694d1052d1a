"""Four people, what they wrote to each other, and what they paid.

Their numbers lie in 010-0000, which no Korean operator gives to subscribers.
"""

import enum
from typing import Final

import msgspec


class Who(enum.StrEnum):
    """The four."""

    MINA = "mina"
    JUNHO = "junho"
    SOFIA = "sofia"
    DANIEL = "daniel"


class Resident(msgspec.Struct, frozen=True):
    """Someone of the demo."""

    name: str
    phone: str
    """E.164."""
    locale: str
    recovery_code: str
    """Fixed, so that a browser can take the wallet over: these wallets hold play money."""


class Line(msgspec.Struct, frozen=True):
    """One message."""

    who: Who
    text: str


class Pay(msgspec.Struct, frozen=True):
    """One payment to the other person of the room."""

    who: Who
    xrp: str
    note: str


class Talk(msgspec.Struct, frozen=True):
    """The history of one direct room."""

    one: Who
    other: Who
    turns: tuple[Line | Pay, ...]
    unread_by: Who | None = None
    """Has not yet seen the last message."""


PIN: Final = "246813"

RESIDENTS: Final = {
    Who.MINA: Resident("김민아", "+821000001001", "ko", "M1NA0-7Q4ZK-2W8RT-5XHVB-9CDEFG"),
    Who.JUNHO: Resident("이준호", "+821000001002", "ko", "JN0H0-3P6YM-8K2SV-4TBXR-7FGHJK"),
    Who.SOFIA: Resident("Sofia Park", "+821000001003", "en", "S0F1A-5N8WQ-1M4ZC-6RKDH-2PQRST"),
    Who.DANIEL: Resident("Daniel Lee", "+821000001004", "en", "DAN1E-9V3XB-7H5KT-2QWMZ-4YZABC"),
}

TALKS: Final = (
    Talk(
        Who.MINA,
        Who.JUNHO,
        (
            Line(Who.JUNHO, "민아야, 토요일에 시간 돼?"),
            Line(Who.MINA, "응 오후에는 괜찮아. 왜?"),
            Line(Who.JUNHO, "성수에 새로 생긴 파스타집 가 보자. 두 시 예약 가능하대"),
            Line(Who.MINA, "좋아! 두 시에 서울숲역 3번 출구에서 봐"),
            Line(Who.JUNHO, "예약했어. 두 명, 창가 자리"),
            Line(Who.MINA, "오늘 잘 먹었어. 내가 커피 살 테니까 점심은 보내 줄게"),
            Pay(Who.MINA, "8.5", "토요일 파스타"),
            Line(Who.JUNHO, "벌써 왔네. 3초 걸렸어"),
            Line(Who.MINA, "다음엔 소피아도 부르자"),
            Line(Who.JUNHO, "그래, 내가 물어볼게"),
        ),
        unread_by=Who.MINA,
    ),
    Talk(
        Who.MINA,
        Who.SOFIA,
        (
            Line(Who.SOFIA, "Hi Mina, did the concert tickets go through?"),
            Line(Who.MINA, "Yes, two seats, block C. 드디어!"),
            Line(Who.SOFIA, "Amazing. What do I owe you?"),
            Line(Who.MINA, "12 XRP for yours, no hurry"),
            Pay(Who.SOFIA, "12", "Concert ticket, block C"),
            Line(Who.MINA, "Got it, 고마워. See you at the gate at seven"),
        ),
    ),
    Talk(
        Who.JUNHO,
        Who.DANIEL,
        (
            Line(Who.DANIEL, "준호 형, 지난번 택시비 얼마였어요?"),
            Line(Who.JUNHO, "둘이 나누면 3.2 정도. 천천히 줘"),
            Pay(Who.DANIEL, "3.2", "택시비 반"),
            Line(Who.DANIEL, "보냈어요. 오늘 농구 나오시죠?"),
            Line(Who.JUNHO, "여덟 시까지 갈게"),
        ),
        unread_by=Who.DANIEL,
    ),
    Talk(
        Who.SOFIA,
        Who.DANIEL,
        (
            Line(Who.SOFIA, "Dan, can you look after Bori this weekend?"),
            Line(Who.DANIEL, "Sure. Is he still afraid of the vacuum cleaner?"),
            Line(Who.SOFIA, "Terribly. I'll bring his food on Friday"),
            Line(Who.DANIEL, "Then we two will just not clean"),
            Pay(Who.SOFIA, "5.25", "Snacks for Bori and you"),
            Line(Who.DANIEL, "Bori says thank you"),
        ),
    ),
    Talk(
        Who.MINA,
        Who.DANIEL,
        (
            Line(Who.MINA, "다니엘, 발표 자료 봤는데 4쪽 숫자가 지난달 거야"),
            Line(Who.DANIEL, "앗 고마워요, 지금 고칠게요"),
            Line(Who.DANIEL, "고쳤어요. 한 번만 더 봐 주실 수 있어요?"),
            Line(Who.MINA, "완벽해. 내일 잘해"),
        ),
    ),
    Talk(
        Who.JUNHO,
        Who.SOFIA,
        (
            Line(Who.JUNHO, "Sofia, Mina and I found a great pasta place in Seongsu"),
            Line(Who.SOFIA, "And you went without me?"),
            Line(Who.JUNHO, "Next Saturday, the three of us. My treat"),
        ),
        unread_by=Who.SOFIA,
    ),
)
