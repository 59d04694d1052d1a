"""The development inbox answers this machine alone, under a local name and not through a proxy."""

from collections.abc import Callable

import pytest

from talktalk.config import SettingsError, settings_from
from tests.fixtures_app import RunningApp, ask_code

PHONE = "+821012345678"


async def test_the_inbox_shows_the_code_as_page_and_json(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        challenge = await ask_code(client, PHONE)
        page = await client.get("/dev/inbox")
        assert page.headers["content-type"].startswith("text/html")
        assert challenge["code"] in page.text
        shown = (await client.get("/dev/sms/010-1234-5678")).json()
        assert (shown["phone"], shown["code"]) == (PHONE, challenge["code"])
        assert (await client.get("/dev/sms/+821000000000")).status_code in {400, 404}


async def test_others_are_told_that_there_is_nothing(running_app: RunningApp) -> None:
    async with running_app.client() as client:
        await ask_code(client, PHONE)
        for headers in (
            {"Host": "rebound.example"},
            {"Host": "192.168.0.7:8080"},
            {"X-Forwarded-For": "203.0.113.9"},
            {"Forwarded": "for=203.0.113.9"},
        ):
            for path in ("/dev/inbox", f"/dev/sms/{PHONE}", "/metrics"):
                answer = await client.get(path, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), headers


async def test_the_network_may_look_only_where_that_was_asked_for(
    running_apps: Callable[..., RunningApp],
) -> None:
    async with running_apps(dev_inbox_lan=True).client() as client:
        await ask_code(client, PHONE)
        assert (await client.get("/dev/inbox", headers={"Host": "192.168.0.7:8080"})).status_code == 200
        assert (await client.get("/metrics", headers={"Host": "192.168.0.7:8080"})).status_code == 404


async def test_without_the_setting_there_is_no_inbox(running_apps: Callable[..., RunningApp]) -> None:
    async with running_apps(dev_inbox=False).client() as client:
        assert (await client.get("/dev/inbox")).status_code == 404


@pytest.mark.parametrize("aid", [{"TALKTALK_DEV_INBOX": "true"}, {"TALKTALK_SMS_SENDER": "inbox"}])
def test_production_refuses_to_start_with_it(aid: dict[str, str]) -> None:
    needed = {"TALKTALK_DATABASE_URL": "postgresql+psycopg://x/y", "TALKTALK_SERVER_KEY_FILE": "/key"}
    with pytest.raises(SettingsError, match="inbox"):
        settings_from({**needed, **aid, "TALKTALK_ENVIRONMENT": "production"})
