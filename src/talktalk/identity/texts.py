"""What people read in a message of ours, by locale."""

from talktalk.identity.rules import CODE_LIFE

_MINUTES = int(CODE_LIFE.total_seconds() // 60)
_CODE = {
    "ko": "[TalkTalk] 인증번호 {code} ({minutes}분 유효). 다른 사람에게 알려 주지 마세요.",
    "en": "[TalkTalk] Your code is {code}, valid for {minutes} minutes. Do not share it.",
}


def locale_for(phone: str) -> str:
    """Korean for Korean numbers, English for the rest of the world."""
    return "ko" if phone.startswith("+82") else "en"


def code_message(phone: str, code: str) -> str:
    """The text message that carries a sign-in code; fits one SMS in either language."""
    return _CODE[locale_for(phone)].format(code=code, minutes=_MINUTES)
