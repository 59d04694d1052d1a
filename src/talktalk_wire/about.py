"""The service itself: which version this is and how its parts are."""

from talktalk_wire.common import Wire


class About(Wire, frozen=True, kw_only=True):
    """GET /api/v1/about; public."""

    version: str
    network: str
    """Name of the XRPL network: `embedded`, `testnet`, `mainnet`…"""
    explorer_url: str | None
    database_ok: bool
    ledger_ok: bool
    """Whether at least one XRPL node answers."""
    dev_inbox: bool
    """Whether `/dev/inbox` shows sign-in codes here (development only)."""
