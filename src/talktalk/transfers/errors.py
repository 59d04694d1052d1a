"""What a caller is told about a transfer that cannot be. Nothing was changed."""

from talktalk.platform.problems import Forbidden, NotFound, Trouble


class IdempotencyKeyMissing(Trouble):
    """What makes a transfer must carry a key."""

    status, code, title = 400, "idempotency_key_missing", "Send an Idempotency-Key"


class RecipientAmbiguous(Trouble):
    """Neither, or both, of person and address."""

    status, code, title = 422, "recipient_ambiguous", "Name exactly one of user_id and address"


class RecipientNotFound(NotFound):
    """Nobody here has this id."""

    code, title = "recipient_not_found", "No such person"


class RecipientWithoutWallet(Trouble):
    """Their account has no address yet."""

    status, code, title = 409, "recipient_without_wallet", "This person has no wallet yet"


class ToSelf(Trouble):
    """Sender and recipient are the same account."""

    status, code, title = 422, "to_self", "You cannot pay yourself"


class Blocked(Forbidden):
    """A block stands between the two."""

    code, title = "blocked", "You cannot pay this person"


class AssetUnsupported(Trouble):
    """An asset that cannot be sent here."""

    status, code, title = 422, "asset_unsupported", "This asset cannot be sent so"


class AssetNotHeld(Trouble):
    """The sender has none of it."""

    status, code, title = 409, "asset_not_held", "You have none of this token"


class AssetFrozen(Trouble):
    """The issuer has frozen the sender's holding, or the token everywhere."""

    status, code, title = 409, "asset_frozen", "The issuer has frozen this token"


class AssetUnauthorized(Trouble):
    """The issuer has not let the sender in."""

    status, code, title = 409, "asset_unauthorized", "The issuer has not authorised you for this token"


class AssetNotTransferable(Trouble):
    """The issuer lets no holder pay another."""

    status, code, title = 409, "asset_not_transferable", "Holders of this token cannot pay each other"


class DestinationMissing(Trouble):
    """No account is there, and only XRP can make one."""

    status, code, title = 409, "destination_missing", "There is no account at this address yet"


class DestinationWithoutLine(Trouble):
    """The receiver has neither a trust line nor an MPT entry for it."""

    status, code, title = 409, "destination_without_line", "This person does not take this token yet"


class DestinationLineFull(Trouble):
    """It would be more than the receiver's trust line allows."""

    status, code, title = 409, "destination_line_full", "This is more than they take of this token"


class DestinationUnauthorized(Trouble):
    """The issuer has not let the receiver in."""

    status, code, title = 409, "destination_unauthorized", "The issuer has not authorised them for this token"


class DestinationFrozen(Trouble):
    """Nothing can come in on the receiver's line."""

    status, code, title = 409, "destination_frozen", "They cannot receive this token now"


class NoPath(Trouble):
    """Nobody exchanges the one asset for the other now, or not so much."""

    status, code, title = 409, "no_path", "Nobody exchanges this now"


class QuoteExpired(Trouble):
    """The price was asked too long ago; make the payment anew."""

    status, code, title = 409, "quote_expired", "The price has expired; ask for a new one"


class NoteRefused(Trouble):
    """Control characters, which nothing shows and some stores refuse."""

    status, code, title = 422, "note_refused", "The note has characters that cannot be sent"


class InsufficientBalance(Trouble):
    """More than there is, fee and payments on their way included."""

    status, code, title = 409, "insufficient_balance", "Not enough money"


class BelowReserve(Trouble):
    """The ledger wants every account to keep its reserve."""

    status, code, title = 409, "below_reserve", "This would go below the reserve"


class DestinationBelowReserve(Trouble):
    """The address is no account yet, and the amount would not make it one."""

    status, code, title = 409, "destination_below_reserve", "Too little to open this account"


class DestinationTagNeeded(Trouble):
    """The account tells its customers apart by tag."""

    status, code, title = 422, "destination_tag_needed", "This address needs a destination tag"


class DestinationRefuses(Trouble):
    """Deposit authorisation: the account takes money only from those it has allowed."""

    status, code, title = 409, "destination_refuses", "This account does not accept your payments"


class WarningsNotAccepted(Trouble):
    """There is something to know first; `errors` names each warning."""

    status, code, title = 409, "warnings_not_accepted", "Accept the warnings first"


class TooManyPending(Trouble):
    """So many payments of one account are on their way that a node would not queue another."""

    status, code, title = 409, "too_many_pending", "Too many payments are on their way; wait a moment"


class TransferNotFound(NotFound):
    """No such transfer, or not the caller's."""

    code, title = "transfer_not_found", "No such transfer"


class DraftChanged(Trouble):
    """The hash is not the draft's: read the transfer again."""

    status, code, title = 409, "draft_changed", "The draft has changed; look at it again"


class NotDrafted(Trouble):
    """It has gone on, or ended."""

    status, code, title = 409, "not_drafted", "This transfer is not waiting for approval"


class TooLateToCancel(Trouble):
    """It is signed: only the ledger decides now."""

    status, code, title = 409, "too_late_to_cancel", "It is too late to cancel"


class RoomMismatch(NotFound):
    """The sender is not in this room, or the recipient is not."""

    code, title = "room_not_found", "No such room of you two"


class PaysAmbiguous(Trouble):
    """A payment pays one thing, and a person."""

    status, code, title = 422, "pays_ambiguous", "Name one thing to pay, and the person to pay"
