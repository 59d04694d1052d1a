"""The wallet: address, balances, PIN, activity, recovery.

Routes: GET /api/v1/wallet · GET /api/v1/wallet/activity (filters: direction, state, asset, person, q,
since, until) · GET /api/v1/wallet/activity.csv (the same filters) · GET /api/v1/wallet/activity/{id} ·
GET /api/v1/wallet/payment-link · GET /api/v1/wallet/worker-key ·
PUT /api/v1/wallet/pin · POST /api/v1/wallet/recovery-code · POST /api/v1/wallet/recoveries ·
GET /api/v1/wallet/recoveries · POST /api/v1/wallet/recoveries/{id}/consent, /veto.

Secrets a person types (PIN, recovery code) are sealed by the client to the worker's public key
(HPKE, RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, empty `aad`;
`info` = `b"talktalk/" ‖ purpose ‖ b":" ‖ context`, where each field names purpose and context), so
that web never sees them and none can be used for another purpose, person or transaction.

What only the worker can decide (PIN, recovery code, consent) is answered when it has decided, or
after 5 s with 503 `worker_silent`. Refusals: `pin_wrong` (detail tells the tries left),
`pin_locked` (`retry_after_s`), `pin_needed`, `device_not_trusted`, `worker_key_old` (fetch the key
again), `sealed_unreadable`.

User events: `wallet.changed` {wallet: Wallet}, `wallet.activity` {entry: Activity},
`recovery.started` | `recovery.closed` {recovery: Recovery}, `device.trusted` {device_id}.
"""

import enum
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from talktalk_wire.assets import Token
from talktalk_wire.common import Amount, Ask, Person, Wire

Sealed = Annotated[str, Meta(min_length=44, max_length=1024)]
"""base64url without padding: 32-byte encapsulated key ‖ ciphertext."""


class WalletState(enum.StrEnum):
    """How far the wallet is."""

    CREATING = "creating"
    """The key is being made."""
    FUNDING = "funding"
    """The account's first reserve is on its way."""
    READY = "ready"
    UNFUNDED = "unfunded"
    """No sponsor would fund it now; receiving the base reserve activates it."""


class DeviceTrust(enum.StrEnum):
    """What this device may do with the wallet."""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    """Sees everything, cannot spend: recover the wallet here first."""
    WAITING = "waiting"
    """Recovered; spending starts at `spend_after`."""


class AssetBalance(Wire, frozen=True, kw_only=True):
    """One asset, from a validated ledger."""

    balance: Amount
    spendable: Amount
    reserved: Amount
    token: Token | None = None
    """Which token; null for XRP."""


class Wallet(Wire, frozen=True, kw_only=True):
    """My wallet. Balances are those of `ledger_index`."""

    state: WalletState
    address: str | None
    public_key: str | None
    custody: str
    """`sealed`: the operator's worker holds the key under envelope encryption."""
    balances: list[AssetBalance]
    """XRP first, then every token that is shown."""
    hidden_tokens: int
    """How many more there are that nobody vouches for and the person has not asked for."""
    reserve_base_drops: int
    reserve_increment_drops: int
    owner_count: int
    ledger_index: int | None
    network: str
    explorer_url: str | None
    has_pin: bool
    has_recovery_code: bool
    trust: DeviceTrust | None
    """What the asking device may do. In `wallet.changed`, which all devices of a person hear: null
    unless it is the same for all of them; a device then keeps what it knew."""
    spend_after: datetime | None = None


class WorkerKey(Wire, frozen=True, kw_only=True):
    """The worker's HPKE public key."""

    id: str
    public_key: str
    """base64url, 32 bytes."""


class PinAsk(Ask, frozen=True, kw_only=True):
    """PUT /api/v1/wallet/pin, from a trusted device.

    `sealed_pin`: purpose `pin.set`, context = user id bytes; plaintext = 6 digits.
    `sealed_old_pin` (same purpose) is needed when one is set.
    """

    worker_key_id: str
    sealed_pin: Sealed
    sealed_old_pin: Sealed | None = None


class RecoveryCodeAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/wallet/recovery-code: a new code, which voids the old one.

    The device makes the code (26 characters of Crockford base32 in the groups it likes, 130 bits),
    shows it once and sends it sealed: purpose `recovery.set`, context = user id bytes.
    `sealed_pin`: purpose `recovery.pin`, context = user id bytes.
    """

    worker_key_id: str
    sealed_code: Sealed
    sealed_pin: Sealed


class RecoveryMethod(enum.StrEnum):
    """How a new device earns the wallet."""

    CODE = "code"
    """The recovery code written down at set-up."""
    CONSENT = "consent"
    """A trusted device agrees."""


class RecoveryAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/wallet/recoveries, from an untrusted device.

    With `code`: `sealed_code`, purpose `recovery.use`, context = user id ‖ device id bytes; the PIN may
    be set anew with `sealed_new_pin` (purpose `pin.set`, context = user id bytes).
    """

    method: RecoveryMethod
    worker_key_id: str | None = None
    sealed_code: Sealed | None = None
    sealed_new_pin: Sealed | None = None


class RecoveryState(enum.StrEnum):
    """Where a recovery stands."""

    CHECKING = "checking"
    """The worker is looking at the code."""
    ASKED = "asked"
    """Waiting for a trusted device's consent."""
    WAITING = "waiting"
    """Granted; spending starts at `spend_after` unless a trusted device vetoes it."""
    DONE = "done"
    REFUSED = "refused"
    """Wrong code, or vetoed."""


class Recovery(Wire, frozen=True, kw_only=True):
    """One try to bring the wallet to a new device."""

    id: UUID
    device_id: UUID
    device_name: str
    method: RecoveryMethod
    state: RecoveryState
    reason: str | None = None
    """With `refused`: `code_wrong`, `vetoed`, `too_many_tries`."""
    created_at: datetime
    spend_after: datetime | None = None


class ConsentAsk(Ask, frozen=True, kw_only=True):
    """POST …/consent, from a trusted device: `sealed_pin`, purpose `recovery.consent`,
    context = user id ‖ recovery id bytes."""

    worker_key_id: str
    sealed_pin: Sealed


class Direction(enum.StrEnum):
    """Which way money moved."""

    IN = "in"
    OUT = "out"


class PaymentLink(Wire, frozen=True, kw_only=True):
    """How others pay me, in the forms other wallets read."""

    uri: str
    """`xrpl:r…?dt=…&amount=…&memo=…`, for QR codes and sharing."""
    address: str
    x_address: str
    """Address and tag in one."""


class Activity(Wire, frozen=True, kw_only=True):
    """One movement of my wallet, in or out."""

    id: UUID
    incoming: bool
    amount: Amount
    counterparty: Person | None
    """Null for an address nobody here owns."""
    address: str
    """The other side's address."""
    destination_tag: int | None
    note: str
    memo: str = ""
    """What the transaction itself says, for everybody: written by whoever sent it, believed by nobody."""
    state: str
    """A `talktalk_wire.transfers.TransferState`; income is always `settled`."""
    uncertain: bool
    transfer_id: UUID | None
    tx_hash: str | None
    ledger_index: int | None
    created_at: datetime
    settled_at: datetime | None
