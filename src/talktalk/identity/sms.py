"""Senders of text messages: Twilio, SOLAPI, the development inbox, and none.

Each message is handed over at most once. What certainly did not go out is `SmsRefused`; where the
answer never came (a timeout after the request was written, a server error) it is `SmsUnconfirmed`,
because a second try could be a second message.
"""

import hashlib
import hmac
import re
import secrets
from collections import deque
from datetime import datetime

import httpx
import msgspec
import phonenumbers

from talktalk.config import Settings, SettingsError
from talktalk.identity.ports import SmsRefused, SmsSender, SmsUnconfirmed
from talktalk.platform.clock import Clock

TIMEOUT = httpx.Timeout(6.0, connect=3.0)
INBOX_KEPT_MAX = 500
TWILIO_URL = "https://api.twilio.com"
SOLAPI_URL = "https://api.solapi.com"
_CODE = re.compile(r"\b[0-9]{6}\b")
_NOT_HANDED_OVER = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def sender_from(settings: Settings, clock: Clock) -> SmsSender:
    """The sender the settings name.

    Raises:
        SettingsError: The name is unknown or its credentials are missing.
    """
    name = settings.sms_sender
    if name == "inbox":
        return Inbox(clock)
    if name == "none":
        return NoSender()
    if name not in {"twilio", "solapi"}:
        raise SettingsError(f"settings: TALKTALK_SMS_SENDER={name} is none of none, inbox, twilio, solapi")
    if not (settings.sms_account and settings.sms_secret and settings.sms_from):
        raise SettingsError(
            f"settings: {name} needs TALKTALK_SMS_ACCOUNT, TALKTALK_SMS_SECRET and TALKTALK_SMS_FROM"
        )
    if name == "twilio":
        return Twilio(settings)
    return Solapi(settings, clock)


class NoSender:
    """Says honestly that nothing can be sent."""

    async def send(self, phone: str, text: str) -> None:
        """Always refused."""
        raise SmsRefused("no SMS sender is configured")

    async def close(self) -> None:
        """Nothing to give back."""


class Sent(msgspec.Struct, frozen=True):
    """A message in the development inbox."""

    phone: str
    text: str
    sent_at: datetime

    @property
    def code(self) -> str | None:
        """The six digits in the text, if any."""
        found = _CODE.search(self.text)
        return found[0] if found else None


class Inbox:
    """Development only: keeps the newest messages in memory instead of sending them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.messages: deque[Sent] = deque(maxlen=INBOX_KEPT_MAX)

    async def send(self, phone: str, text: str) -> None:
        """Keep the message."""
        self.messages.append(Sent(phone, text, self._clock.now()))

    def newest(self, phone: str) -> Sent | None:
        """The last message to a number."""
        return next((sent for sent in reversed(self.messages) if sent.phone == phone), None)

    async def close(self) -> None:
        """Nothing to give back."""


class Twilio:
    """Twilio's Messages resource: form-encoded, HTTP basic, 201 when the message is accepted.

    `sms_account` is the account's SID, `sms_secret` its auth token.
    """

    def __init__(self, settings: Settings) -> None:
        account = settings.sms_account
        self._from = settings.sms_from
        self._path = f"/2010-04-01/Accounts/{account}/Messages.json"
        self._http = httpx.AsyncClient(
            base_url=settings.sms_base_url or TWILIO_URL, auth=(account, settings.sms_secret), timeout=TIMEOUT
        )

    async def send(self, phone: str, text: str) -> None:
        """As the port says."""
        answer = await _post(self._http, self._path, data={"To": phone, "From": self._from, "Body": text})
        state = _field(answer, "status")
        if answer.status_code >= 400 or state in {"failed", "undelivered", "canceled"}:
            raise SmsRefused(f"twilio {answer.status_code} code {_field(answer, 'code')}")

    async def close(self) -> None:
        """Give connections back."""
        await self._http.aclose()


class Solapi:
    """SOLAPI's send-many: JSON, an HMAC over date and salt; refused messages are listed in the answer.

    `sms_account` is the API key, `sms_secret` its secret. Numbers are national, with the country's
    calling code beside them.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._key = settings.sms_account
        self._secret = settings.sms_secret
        self._from = settings.sms_from
        self._clock = clock
        self._http = httpx.AsyncClient(base_url=settings.sms_base_url or SOLAPI_URL, timeout=TIMEOUT)

    async def send(self, phone: str, text: str) -> None:
        """As the port says."""
        number = phonenumbers.parse(phone)
        national = phonenumbers.national_significant_number(number)
        if number.country_code == 82:
            national = "0" + national
        message = {"to": national, "from": self._from, "text": text, "country": str(number.country_code)}
        answer = await _post(
            self._http,
            "/messages/v4/send-many/detail",
            json={"messages": [message]},
            headers={"Authorization": self._authorization()},
        )
        failed = _field(answer, "failedMessageList")
        if answer.status_code >= 400 or failed:
            code = (
                failed[0].get("statusCode")
                if isinstance(failed, list) and failed
                else _field(answer, "errorCode")
            )
            raise SmsRefused(f"solapi {answer.status_code} code {code}")

    def _authorization(self) -> str:
        date = self._clock.now().isoformat(timespec="seconds")
        salt = secrets.token_hex(16)
        signature = hmac.new(self._secret.encode(), (date + salt).encode(), hashlib.sha256).hexdigest()
        return f"HMAC-SHA256 ApiKey={self._key}, Date={date}, salt={salt}, signature={signature}"

    async def close(self) -> None:
        """Give connections back."""
        await self._http.aclose()


async def _post(
    http: httpx.AsyncClient,
    path: str,
    *,
    data: dict[str, str] | None = None,
    json: object = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    try:
        answer = await http.post(path, data=data, json=json, headers=headers)
    except _NOT_HANDED_OVER as error:
        raise SmsRefused(f"not reached: {type(error).__name__}") from error
    except httpx.HTTPError as error:
        raise SmsUnconfirmed(type(error).__name__) from error
    if answer.status_code >= 500:
        raise SmsUnconfirmed(f"status {answer.status_code}")
    return answer


def _field(answer: httpx.Response, name: str) -> object:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body.get(name) if isinstance(body, dict) else None
