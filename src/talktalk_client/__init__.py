"""The typed Python SDK: REST, WebSocket, a device's part in signing. Start at `TalkTalk`."""

from talktalk_client.client import Credentials, NobodySignedIn, ReadCode, TalkTalk
from talktalk_client.errors import (
    ApiError,
    ApprovalRefused,
    Conflict,
    Difference,
    DraftRefused,
    Forbidden,
    LinkLost,
    Malformed,
    NotFound,
    NotSignedIn,
    OrderRefused,
    PaymentNotSettled,
    ProtocolError,
    RecoveryRefused,
    ServerTrouble,
    TalkTalkError,
    TooMany,
    Unreachable,
    WalletNotReady,
)
from talktalk_client.events import Event
from talktalk_client.orders import Pay
from talktalk_client.policy import Policy
from talktalk_client.stream import EventStream
from talktalk_client.transfers import Payment

__all__ = [
    "ApiError",
    "ApprovalRefused",
    "Conflict",
    "Credentials",
    "Difference",
    "DraftRefused",
    "Event",
    "EventStream",
    "Forbidden",
    "LinkLost",
    "Malformed",
    "NobodySignedIn",
    "NotFound",
    "NotSignedIn",
    "OrderRefused",
    "Pay",
    "Payment",
    "PaymentNotSettled",
    "Policy",
    "ProtocolError",
    "ReadCode",
    "RecoveryRefused",
    "ServerTrouble",
    "TalkTalk",
    "TalkTalkError",
    "TooMany",
    "Unreachable",
    "WalletNotReady",
]
