"""What can go wrong with keys, PINs and approvals.

    CustodyError
    ├── KeyFileUnsafe      a key file is missing, malformed, or readable by others
    ├── KeyUnreadable      a sealed key does not open with this key-encryption key
    ├── SignatureRefused   the transaction is not one this key may sign, or nobody approved it
    └── Unreadable         a sealed secret does not open: wrong key, purpose, context or bytes

The rest are problems a caller is told about.
"""

from talktalk.platform.problems import Forbidden, TooMany, Trouble, Unavailable


class CustodyError(Exception):
    """Root of what goes wrong inside."""


class KeyFileUnsafe(CustodyError):
    """A key file is missing, malformed, or readable by others; the text says what to do."""


class KeyUnreadable(CustodyError):
    """A sealed key does not open: another key-encryption key, or the row was changed."""


class SignatureRefused(CustodyError):
    """Not a transaction this key may sign, or not the one that was approved."""


class Unreadable(CustodyError):
    """A sealed secret does not open.

    Attributes:
        key_is_old: It was sealed to a key this worker does not hold.
    """

    def __init__(self, *, key_is_old: bool = False) -> None:
        super().__init__("sealed to another key" if key_is_old else "does not open")
        self.key_is_old = key_is_old


class WorkerSilent(Unavailable):
    """The worker has not answered in time; what was asked will not happen."""

    code, title = "worker_silent", "Nothing happened: the signing service did not answer"


class WorkerKeyOld(Trouble):
    """Sealed to a key that is not the worker's: fetch it again."""

    status, code, title = 409, "worker_key_old", "Sealed to an old key"


class SealedUnreadable(Trouble):
    """What was sealed does not open for this purpose, person or transaction."""

    status, code, title = 422, "sealed_unreadable", "The sealed secret cannot be read"


class PinWrong(Trouble):
    """Not the PIN."""

    status, code, title = 403, "pin_wrong", "Wrong PIN"


class PinLocked(TooMany):
    """Too many wrong tries; `retry_after_s` says when the next is heard."""

    code, title = "pin_locked", "Too many wrong PINs"


class PinNeeded(Trouble):
    """A PIN must be set, or given, first."""

    status, code, title = 409, "pin_needed", "A payment PIN is needed"


class PinMalformed(Trouble):
    """Not six digits."""

    status, code, title = 422, "pin_malformed", "A PIN is six digits"


class RecoveryCodeMalformed(Trouble):
    """Not 26 characters of Crockford base32."""

    status, code, title = 422, "recovery_code_malformed", "A recovery code has 26 characters"


class DeviceNotTrusted(Forbidden):
    """This device may look, not spend."""

    code, title = "device_not_trusted", "Recover the wallet on this device first"
