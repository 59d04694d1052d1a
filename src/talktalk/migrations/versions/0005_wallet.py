"""Tables of ledger, custody and wallet."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005_wallet"
down_revision = "0004_chat"
branch_labels = None
depends_on = None


def _moment(name: str, *, null: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _text(name: str, *, null: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.String, nullable=null)


def _big(name: str, *, null: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.BigInteger, nullable=null)


def _id(name: str, *, null: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.Uuid, nullable=null)


def upgrade() -> None:
    """Apply."""
    _ledger()
    _custody()
    _wallet()


def _ledger() -> None:
    op.create_table(
        "ledger_heads",
        sa.Column("network", sa.String, primary_key=True),
        _big("ledger_index"),
        _text("ledger_hash"),
        _moment("close_time"),
        _big("fee_drops"),
        _big("reserve_base_drops"),
        _big("reserve_increment_drops"),
        sa.Column("close_interval_ms", sa.Integer, nullable=False),
        _big("network_id", null=True),
    )
    op.create_table(
        "ledger_accounts",
        sa.Column("network", sa.String),
        sa.Column("address", sa.String),
        _text("owner"),
        _text("public_key"),
        _big("balance_drops"),
        _big("sequence"),
        sa.Column("owner_count", sa.Integer, nullable=False),
        _big("flags"),
        _big("ledger_index", null=True),
        sa.PrimaryKeyConstraint("network", "address", name="pk_ledger_accounts"),
    )
    op.create_index("uq_ledger_accounts_network_owner", "ledger_accounts", ["network", "owner"], unique=True)
    op.create_table(
        "outgoing_transactions",
        sa.Column("id", sa.Uuid, primary_key=True),
        _text("network"),
        _text("account"),
        _big("sequence"),
        _big("ticket_sequence", null=True),
        _big("first_ledger"),
        _big("last_ledger"),
        sa.Column("tx_hash", sa.String, nullable=False, unique=True),
        sa.Column("blob", sa.LargeBinary, nullable=False),
        _big("spend_drops"),
        _text("purpose"),
        _id("ref"),
        _text("state"),
        sa.Column("uncertain", sa.Boolean, nullable=False),
        _text("engine_result", null=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        _moment("next_look_at"),
        _text("result", null=True),
        _big("ledger_index", null=True),
        _big("fee_charged_drops", null=True),
        _moment("created_at"),
        _moment("closed_at", null=True),
        sa.ForeignKeyConstraint(
            ["network", "account"], ["ledger_accounts.network", "ledger_accounts.address"]
        ),
        sa.CheckConstraint(
            "state IN ('signed', 'submitted', 'settled', 'failed', 'expired')", name="state_known"
        ),
        sa.CheckConstraint("last_ledger > first_ledger", name="window_open"),
    )
    op.create_index(
        "uq_outgoing_transactions_number",
        "outgoing_transactions",
        ["network", "account", "sequence", sa.text("coalesce(ticket_sequence, 0)")],
        unique=True,
        postgresql_where=sa.text("state <> 'expired'"),
    )
    op.create_index(
        "ix_outgoing_transactions_due",
        "outgoing_transactions",
        ["next_look_at"],
        postgresql_where=sa.text("state IN ('signed', 'submitted')"),
    )
    op.create_index("ix_outgoing_transactions_ref", "outgoing_transactions", ["ref"])


def _custody() -> None:
    op.create_table(
        "sealed_keys",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("owner", sa.String, nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
        _text("public_key"),
        sa.Column("address", sa.String, nullable=False, unique=True),
        _text("kek_id"),
        sa.Column("wrap_nonce", sa.LargeBinary, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        _moment("created_at"),
    )
    op.create_table(
        "worker_keys",
        sa.Column("id", sa.String, primary_key=True),
        _text("public_key"),
        _moment("published_at"),
    )
    op.create_table(
        "verifiers",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        _text("hash"),
        sa.Column("failures", sa.Integer, nullable=False),
        _moment("locked_until", null=True),
        _moment("set_at"),
    )
    op.create_table(
        "worker_asks",
        sa.Column("id", sa.Uuid, primary_key=True),
        _text("purpose"),
        _id("user_id"),
        _id("device_id"),
        _id("session_id"),
        _id("subject_id", null=True),
        sa.Column("context", sa.LargeBinary, nullable=False),
        _text("worker_key_id"),
        sa.Column("sealed", JSONB, nullable=False),
        _text("state"),
        _text("reason", null=True),
        sa.Column("tries_left", sa.Integer),
        _moment("retry_at", null=True),
        _moment("created_at"),
        _moment("decided_at", null=True),
        _moment("used_at", null=True),
    )
    op.create_index(
        "ix_worker_asks_pending",
        "worker_asks",
        ["created_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_worker_asks_subject_id", "worker_asks", ["subject_id"])


def _wallet() -> None:
    op.create_table(
        "wallets",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        _text("network"),
        _text("state"),
        sa.Column("address", sa.String, unique=True),
        _text("public_key", null=True),
        _text("custody"),
        _id("first_device_id"),
        _text("address_prefix"),
        sa.Column("funding_tries", sa.Integer, nullable=False),
        _moment("next_funding_at"),
        _moment("funded_at", null=True),
        _moment("created_at"),
        _moment("ready_at", null=True),
    )
    op.create_index(
        "ix_wallets_unfinished",
        "wallets",
        ["next_funding_at"],
        postgresql_where=sa.text("state IN ('creating', 'funding', 'unfunded')"),
    )
    op.create_index("ix_wallets_funded_at", "wallets", ["funded_at"])
    op.create_table(
        "wallet_devices",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("device_id", sa.Uuid, primary_key=True),
        _moment("seen_at"),
        _moment("trusted_since", null=True),
    )
    op.create_table(
        "recoveries",
        sa.Column("id", sa.Uuid, primary_key=True),
        _id("user_id"),
        _id("device_id"),
        _text("method"),
        _text("state"),
        _text("reason", null=True),
        _text("new_pin_hash", null=True),
        _moment("created_at"),
        _moment("spend_after", null=True),
        _moment("closed_at", null=True),
    )
    op.create_index("ix_recoveries_user_id", "recoveries", ["user_id"])
    op.create_index(
        "uq_recoveries_open",
        "recoveries",
        ["user_id", "device_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('checking', 'asked', 'waiting')"),
    )
    op.create_index(
        "ix_recoveries_due",
        "recoveries",
        ["spend_after"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "activities",
        sa.Column("id", sa.Uuid, primary_key=True),
        _id("user_id"),
        _text("network"),
        _text("tx_hash"),
        sa.Column("incoming", sa.Boolean, nullable=False),
        _text("amount_value"),
        _text("amount_asset"),
        _text("address"),
        _id("counterparty_id", null=True),
        _big("destination_tag", null=True),
        _text("note"),
        _text("kind"),
        _text("state"),
        sa.Column("uncertain", sa.Boolean, nullable=False),
        _id("transfer_id", null=True),
        _big("ledger_index", null=True),
        _moment("created_at"),
        _moment("settled_at", null=True),
    )
    op.create_index(
        "uq_activities_network_tx_hash_user_id",
        "activities",
        ["network", "tx_hash", "user_id"],
        unique=True,
    )
    op.create_index("ix_activities_user_id_id", "activities", ["user_id", "id"])
    op.create_index("ix_activities_user_id_address", "activities", ["user_id", "address"])
