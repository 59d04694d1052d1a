"""What can stop a payment, as routes list it."""

from talktalk.ledger import errors as ledger_errors
from talktalk.transfers import errors
from talktalk.wallet.errors import WalletNotReady

STOPPERS = (
    ledger_errors.BadAmount,
    ledger_errors.NegativeAmount,
    ledger_errors.AmountNotANumber,
    ledger_errors.AmountWithExponent,
    ledger_errors.AmountTooPrecise,
    ledger_errors.AmountTooLarge,
    ledger_errors.ZeroAmount,
    ledger_errors.BadAsset,
    ledger_errors.BadAddress,
    ledger_errors.AddressOfOtherNetwork,
    ledger_errors.BlackHoleAddress,
    ledger_errors.BadMemo,
    ledger_errors.MemoTooLong,
    ledger_errors.LedgerUnavailable,
    ledger_errors.LedgerBusy,
    errors.AssetUnsupported,
    errors.NoteRefused,
    errors.RecipientAmbiguous,
    errors.RecipientNotFound,
    errors.RecipientWithoutWallet,
    errors.ToSelf,
    errors.Blocked,
    errors.InsufficientBalance,
    errors.BelowReserve,
    errors.DestinationBelowReserve,
    errors.DestinationTagNeeded,
    errors.DestinationRefuses,
    errors.TooManyPending,
    WalletNotReady,
)
