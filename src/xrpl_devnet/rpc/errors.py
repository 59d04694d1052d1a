"""Errors of methods: token, number and sentence, as rippled's `ErrorCodes` lists them."""

from typing import Any, Final

_ERRORS: Final[dict[str, tuple[int, str]]] = {
    "forbidden": (3, "Bad credentials."),
    "noPermission": (6, "You don't have permission for this command."),
    "noEvents": (7, "Current transport does not support events."),
    "tooBusy": (9, "The server is too busy to help you now."),
    "slowDown": (10, "You are placing too much load on the server."),
    "highFee": (11, "Current transaction fee exceeds your limit."),
    "notEnabled": (12, "Not enabled in configuration."),
    "notReady": (13, "Not ready to handle this request."),
    "amendmentBlocked": (14, "Amendment blocked, need upgrade."),
    "noClosed": (15, "Closed ledger is unavailable."),
    "noCurrent": (16, "Current ledger is unavailable."),
    "noNetwork": (17, "Not synced to the network."),
    "notSynced": (18, "Not synced to the network."),
    "actNotFound": (19, "Account not found."),
    "lgrNotFound": (21, "Ledger not found."),
    "lgrNotValidated": (22, "Ledger not validated."),
    "masterDisabled": (23, "Master key is disabled."),
    "txnNotFound": (29, "Transaction not found."),
    "invalidHotWallet": (30, "Invalid hotwallet."),
    "invalidParams": (31, "Invalid parameters."),
    "unknownCmd": (32, "Unknown method."),
    "noPathRequest": (33, "No pathfinding request in progress."),
    "actMalformed": (35, "Account malformed."),
    "alreadyMultisig": (36, "Already multisigned."),
    "alreadySingleSig": (37, "Already single-signed."),
    "badFeature": (40, "Feature unknown or invalid."),
    "badIssuer": (41, "Issuer account malformed."),
    "badMarket": (42, "No such market."),
    "badSecret": (43, "Secret does not match account."),
    "badSeed": (44, "Disallowed seed."),
    "channelMalformed": (45, "Payment channel is malformed."),
    "channelAmtMalformed": (46, "Payment channel amount is malformed."),
    "commandMissing": (47, "Missing command entry."),
    "dstActMalformed": (48, "Destination account is malformed."),
    "dstActMissing": (49, "Destination account not provided."),
    "dstActNotFound": (50, "Destination account not found."),
    "dstAmtMalformed": (51, "Destination amount/currency/issuer is malformed."),
    "dstAmtMissing": (52, "Destination amount/currency/issuer is missing."),
    "dstIsrMalformed": (53, "Destination issuer is malformed."),
    "lgrIdxsInvalid": (57, "Ledger indexes invalid."),
    "lgrIdxMalformed": (58, "Ledger index malformed."),
    "publicMalformed": (62, "Public key is malformed."),
    "signingMalformed": (63, "Signing of transaction is malformed."),
    "sendMaxMalformed": (64, "SendMax amount malformed."),
    "srcActMalformed": (65, "Source account is malformed."),
    "srcActMissing": (66, "Source account not provided."),
    "srcActNotFound": (67, "Source account not found."),
    "srcCurMalformed": (69, "Source currency is malformed."),
    "srcIsrMalformed": (70, "Source issuer is malformed."),
    "malformedStream": (71, "Stream malformed."),
    "deprecated": (72, "Use the new API or specify a ledger range."),
    "internal": (73, "Internal error."),
    "notImpl": (74, "Not implemented."),
    "notSupported": (75, "Operation not supported."),
    "badKeyType": (76, "Bad key type."),
    "excessiveLgrRange": (78, "Ledger range exceeds 1000."),
    "invalidLgrRange": (79, "Ledger range is invalid."),
    "objectNotFound": (92, "The requested object was not found."),
    "issueMalformed": (93, "Issue is malformed."),
    "oracleMalformed": (94, "Oracle request is malformed."),
    "badCredentials": (95, "Credentials do not exist, are not accepted, or have expired."),
    "transactionSigned": (96, "Transaction should not be signed."),
    "domainMalformed": (97, "Domain is malformed."),
    "entryNotFound": (98, "Entry not found."),
    "unexpectedLedgerType": (99, "Unexpected ledger type."),
}


class RpcError(Exception):
    """A method's answer when it cannot do what was asked."""

    def __init__(
        self, token: str, message: str | None = None, *, numbered: bool = True, **extra: Any
    ) -> None:
        """An error.

        Args:
            token: What stands in `error`.
            message: In place of the usual sentence.
            numbered: Whether number and sentence are given; some methods give the token alone.
            extra: Further fields of the answer, such as the ledger that was searched.
        """
        super().__init__(token)
        self.token = token
        self.message = message
        self.numbered = numbered
        self.extra = extra

    def to_json(self) -> dict[str, Any]:
        """The fields of the answer, without the echoed request."""
        known = _ERRORS.get(self.token)
        out: dict[str, Any] = {**self.extra, "error": self.token}
        if known is not None and self.numbered:
            out["error_code"] = known[0]
            out["error_message"] = known[1] if self.message is None else self.message
        elif self.message is not None:
            out["error_message"] = self.message
        return out


def missing_field(name: str) -> RpcError:
    """A parameter that must be there."""
    return RpcError("invalidParams", f"Missing field '{name}'.")


def invalid_field(name: str) -> RpcError:
    """A parameter that cannot be what it is."""
    return RpcError("invalidParams", f"Invalid field '{name}'.")


def expected_field(name: str, kind: str) -> RpcError:
    """A parameter of the wrong type."""
    return RpcError("invalidParams", f"Invalid field '{name}', not {kind}.")
