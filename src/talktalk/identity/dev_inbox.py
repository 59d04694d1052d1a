"""Development only: what would have been sent by SMS, as a page and as JSON.

Answers this machine alone; other addresses only where the settings ask for that by name.
"""

from html import escape
from typing import Any

from litestar import Controller, MediaType, Response, get
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from talktalk.config import Settings
from talktalk.identity import service
from talktalk.identity.sms import Inbox
from talktalk.platform.problems import NotFound
from talktalk.platform.web.origin import this_machine_only
from talktalk_wire.identity import DevSms

_PAGE = """<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=2>
<meta name=viewport content='width=device-width'><title>Inbox</title>
<style>:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ margin: 2rem auto; max-width: 40rem; padding: 0 1rem; }}
li {{ margin: 0 0 1rem; }} b {{ font-size: 1.5rem; letter-spacing: .1em; }}</style>
<h1>Development inbox</h1><p>Text messages that would have been sent, newest first.</p><ul>{items}</ul>"""

DevInbox = NamedDependency[Inbox]


def guard_for(settings: Settings) -> Any:
    """Who may read the inbox."""

    def guard(connection: ASGIConnection[Any, Any, Any, State], handler: BaseRouteHandler) -> None:
        if not settings.dev_inbox_lan:
            this_machine_only(connection, handler)

    return guard


class InboxPages(Controller):
    """The inbox."""

    path = "/dev"
    tags = ("Development",)
    opt = {"public": True}  # noqa: RUF012 - Litestar's form

    @get("/inbox", media_type=MediaType.HTML, include_in_schema=False)
    async def page(self, dev_inbox: DevInbox) -> Response[str]:
        """All messages as a page that renews itself."""
        items = "".join(
            f"<li><time>{sent.sent_at:%H:%M:%S}</time> <code>{escape(sent.phone)}</code><br>"
            f"<b>{escape(sent.code or '')}</b><br>{escape(sent.text)}</li>"
            for sent in reversed(dev_inbox.messages)
        )
        page = _PAGE.format(items=items or "<li>Nothing yet.</li>")
        return Response(page, media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})

    @get("/sms/{phone:str}", opt={"problems": (NotFound,)})
    async def newest(self, phone: str, dev_inbox: DevInbox, settings: Settings) -> DevSms:
        """The newest message to a number."""
        number = service.read_phone(phone, settings.default_region)
        sent = dev_inbox.newest(number)
        if sent is None:
            raise NotFound
        return DevSms(phone=sent.phone, text=sent.text, code=sent.code, sent_at=sent.sent_at)
