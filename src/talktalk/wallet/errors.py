"""What a caller of the wallet is told."""

from talktalk.platform.problems import NotFound, Trouble


class WalletNotReady(Trouble):
    """There is no account on the ledger yet."""

    status, code, title = 409, "wallet_not_ready", "The wallet is not ready yet"


class AssetUnknown(NotFound):
    """Nobody has issued this asset on this network."""

    code, title = "asset_unknown", "There is no such token on this network"


class TokenNotHeld(NotFound):
    """The person has neither a trust line nor an MPT entry for it."""

    code, title = "token_not_held", "This wallet does not hold that token"


class DeviceAlreadyTrusted(Trouble):
    """Nothing to recover: this device may spend."""

    status, code, title = 409, "device_already_trusted", "This device is trusted already"


class NoRecoveryCode(Trouble):
    """No code was set up, or it was used."""

    status, code, title = 409, "no_recovery_code", "There is no recovery code to use"


class NoTrustedDevice(Trouble):
    """Nobody could consent."""

    status, code, title = 409, "no_trusted_device", "No device is trusted that could consent"


class RecoveryNotFound(NotFound):
    """No such recovery, or not this person's."""

    code, title = "recovery_not_found", "No such recovery"


class RecoveryClosed(Trouble):
    """It has ended, or waits for something else."""

    status, code, title = 409, "recovery_closed", "This recovery is over or not waiting for that"


class SealedMissing(Trouble):
    """The method needs a sealed secret that was not sent."""

    status, code, title = 422, "sealed_missing", "A sealed secret is missing"


class CursorMalformed(Trouble):
    """Not a cursor this list gave out."""

    status, code, title = 400, "cursor_malformed", "Not a cursor of this list"
