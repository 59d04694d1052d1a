"""Settings: read once from the environment, checked, then handed to whoever needs them.

Every variable is `TALKTALK_<FIELD>` in capitals. `./talktalk up` sets them all for the processes
it starts; an operator sets them by hand. Production refuses settings that only development may
have (`SettingsError`).
"""

import enum
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec


class SettingsError(Exception):
    """A setting is missing or contradicts another; the text names it and says what to do."""


class Environment(enum.StrEnum):
    """How careful to be."""

    DEVELOPMENT = "development"
    """A laptop: development aids such as the SMS inbox may be on."""
    PRODUCTION = "production"
    """Real people and money: development aids are refused."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of the web and worker roles. Paths are absolute; secrets are file paths."""

    environment: Environment = Environment.PRODUCTION
    database_url: str
    """`postgresql+psycopg://…`"""
    server_key_file: Path
    """32 random bytes, hex: keys the HMACs of sign-in codes, session tokens and cursors."""
    kek_file: Path | None = None
    """Key-encryption key of the sealed custody. Given to the worker only."""
    worker_key_file: Path | None = None
    """Where the worker keeps its X25519 private key for sealed PINs; None: beside `kek_file`."""

    ledger_urls: tuple[str, ...] = ()
    """WebSocket URLs of XRPL nodes, tried in turn."""
    faucet_url: str | None = None
    """POST /accounts there funds a new account (test networks)."""
    network_name: str = "embedded"
    explorer_url: str | None = None
    """`…/transactions/{hash}` of a public explorer, if the network has one."""

    tokens_file: Path | None = None
    """The signed token list; None: the one that is shipped."""
    tokens_key: str = ""
    """Public key, in hex, that must have signed `tokens_file`; empty: the shipped list's."""

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = "http://127.0.0.1:8080"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    lan_ca: Path | None = None
    """Certificate authority made for `--lan`, offered for download at `/lan/ca.crt`."""
    web_dist: Path | None = None
    """The built web app; None serves the API alone."""
    redis_url: str | None = None

    webhook_private_targets: bool = False
    """Send webhooks to plain HTTP and private addresses too: development alone."""

    default_region: str = "KR"
    sms_sender: str = "none"
    """`none`, `inbox` (development), `twilio`, `solapi`."""
    sms_base_url: str | None = None
    """Overrides the sender's public address (tests run local servers)."""
    sms_account: str = ""
    sms_secret: str = ""
    sms_from: str = ""
    dev_inbox: bool = False
    dev_inbox_lan: bool = False
    """Let the inbox answer addresses other than loopback; only ever asked for by name."""
    recovery_delay_s: int = 24 * 3600
    """After a wallet is recovered on a new device, spending waits this long."""
    sponsor_daily_limit: int = 1000
    """New wallets funded by us per day, all together."""

    @property
    def is_production(self) -> bool:
        """Whether development aids must be refused."""
        return self.environment is Environment.PRODUCTION

    @property
    def cookie_secure(self) -> bool:
        """Cookies travel on HTTPS only, except on a plain-HTTP development address."""
        return self.public_url.startswith("https://")


PREFIX = "TALKTALK_"


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Read settings; lists are comma-separated.

    Raises:
        SettingsError: Something is missing, malformed or refused in production.
    """
    raw: dict[str, object] = {}
    for field in msgspec.structs.fields(Settings):
        value = environ.get(PREFIX + field.name.upper())
        if value is None or value == "":
            continue
        is_list = field.name == "ledger_urls"
        raw[field.name] = [part for part in value.split(",") if part] if is_list else value
    try:
        settings = msgspec.convert(raw, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingsError(f"settings: {error} (variables are {PREFIX}NAME)") from error
    if settings.is_production and (settings.dev_inbox or settings.sms_sender == "inbox"):
        raise SettingsError(
            "settings: the development SMS inbox is on in production; "
            f"unset {PREFIX}DEV_INBOX and choose {PREFIX}SMS_SENDER=twilio or solapi"
        )
    if settings.is_production and settings.webhook_private_targets:
        raise SettingsError(
            "settings: webhooks may not reach private addresses in production; "
            f"unset {PREFIX}WEBHOOK_PRIVATE_TARGETS"
        )
    return settings


def _path(kind: type, value: object) -> object:
    if issubclass(kind, Path) and isinstance(value, str):
        return Path(value).expanduser().absolute()
    raise TypeError(f"no way to read {kind}")


def settings_from_environment() -> Settings:
    """`settings_from` over this process's own environment."""
    return settings_from(os.environ)
