"""What a node is told when it starts."""

from dataclasses import dataclass, field
from pathlib import Path

from xrpl_devnet import amendments
from xrpl_devnet.amendments import Rules
from xrpl_devnet.ledger.views import Fees


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the ledger and of the node, without its sockets."""

    data: Path | None = None
    """Where ledgers are kept; None keeps them in memory."""
    network_id: int = 0
    """Above 1024, every transaction must carry it."""
    report_network_id: bool = True
    """Whether `server_info` names it, as newer servers do."""
    rules: Rules = field(default_factory=lambda: amendments.parse("all"))
    fees: Fees = field(default_factory=Fees)
    history: int | None = None
    """How many closed ledgers to keep; None keeps all."""
    build_version: str = "3.4.1"
    """The version of the server whose behaviour is followed, as `server_info` shows it."""
    recent_states: int = 32
    """Closed ledgers whose whole state stays in memory; older ones are rebuilt from the journal."""
