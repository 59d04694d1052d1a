"""Transaction results: names, numbers and the sentences that `engine_result_message` shows.

A result is its name (`tesSUCCESS`, `tecNO_DST`, …); its first three letters are its class. Numbers come
from the definitions. The sentences are what current servers answer; no client should depend on them.
"""

from typing import Final, TypeAlias

from xrpl_codec.fields import RESULT_CODES

Ter: TypeAlias = str
"""The name of a result."""


def is_success(result: Ter) -> bool:
    """The transaction did what it asked for."""
    return result == "tesSUCCESS"


def is_claim(result: Ter) -> bool:
    """`tec`: failed, and the fee is charged."""
    return result.startswith("tec")


def is_retry(result: Ter) -> bool:
    """`ter`: may succeed later."""
    return result.startswith("ter")


def is_failure(result: Ter) -> bool:
    """`tef`, `tem`, `tel`: cannot be applied to this ledger."""
    return result.startswith(("tef", "tem", "tel"))


def code_of(result: Ter) -> int:
    """The number of a result."""
    return RESULT_CODES[result]


def message_of(result: Ter) -> str:
    """The sentence of a result."""
    return MESSAGES.get(result, "-")


MESSAGES: Final[dict[Ter, str]] = {
    "tecAMM_BALANCE": "AMM has invalid balance.",
    "tecAMM_INVALID_TOKENS": "AMM invalid LP tokens.",
    "tecAMM_FAILED": "AMM transaction failed.",
    "tecAMM_EMPTY": "AMM is in empty state.",
    "tecAMM_NOT_EMPTY": "AMM is not in empty state.",
    "tecAMM_ACCOUNT": "This operation is not allowed on an AMM Account.",
    "tecCLAIM": "Fee claimed. Sequence used. No action.",
    "tecDIR_FULL": "Can not add entry to full directory.",
    "tecFAILED_PROCESSING": "Failed to correctly process transaction.",
    "tecINSUF_RESERVE_LINE": "Insufficient reserve to add trust line.",
    "tecINSUF_RESERVE_OFFER": "Insufficient reserve to create offer.",
    "tecNO_DST": "Destination does not exist. Send XRP to create it.",
    "tecNO_DST_INSUF_XRP": "Destination does not exist. Too little XRP sent to create it.",
    "tecNO_LINE_INSUF_RESERVE": "No such line. Too little reserve to create it.",
    "tecNO_LINE_REDUNDANT": "Can't set non-existent line to default.",
    "tecPATH_DRY": "Path could not send partial amount.",
    "tecPATH_PARTIAL": "Path could not send full amount.",
    "tecNO_ALTERNATIVE_KEY": "The operation would remove the ability to sign transactions with the account.",
    "tecNO_REGULAR_KEY": "Regular key is not set.",
    "tecOVERSIZE": "Object exceeded serialization limits.",
    "tecUNFUNDED": "Not enough XRP to satisfy the reserve requirement.",
    "tecUNFUNDED_ADD": "DEPRECATED.",
    "tecUNFUNDED_AMM": "Insufficient balance to fund AMM.",
    "tecUNFUNDED_OFFER": "Insufficient balance to fund created offer.",
    "tecUNFUNDED_PAYMENT": "Insufficient XRP balance to send.",
    "tecOWNERS": "Non-zero owner count.",
    "tecNO_ISSUER": "Issuer account does not exist.",
    "tecNO_AUTH": "Not authorized to hold asset.",
    "tecNO_LINE": "No such line.",
    "tecINSUFF_FEE": "Insufficient balance to pay fee.",
    "tecFROZEN": "Asset is frozen.",
    "tecNO_TARGET": "Target account does not exist.",
    "tecNO_PERMISSION": "No permission to perform requested operation.",
    "tecNO_ENTRY": "No matching entry found.",
    "tecINSUFFICIENT_RESERVE": "Insufficient reserve to complete requested operation.",
    "tecNEED_MASTER_KEY": "The operation requires the use of the Master Key.",
    "tecDST_TAG_NEEDED": "A destination tag is required.",
    "tecINTERNAL": "An internal error has occurred during processing.",
    "tecCRYPTOCONDITION_ERROR": "Malformed, invalid, or mismatched conditional or fulfillment.",
    "tecINVARIANT_FAILED": "One or more invariants for the transaction were not satisfied.",
    "tecEXPIRED": "Expiration time is passed.",
    "tecDUPLICATE": "Ledger object already exists.",
    "tecKILLED": "No funds transferred and no offer created.",
    "tecHAS_OBLIGATIONS": "The account cannot be deleted since it has obligations.",
    "tecTOO_SOON": "It is too early to attempt the requested operation. Please wait.",
    "tecMAX_SEQUENCE_REACHED": "The maximum sequence number was reached.",
    "tecINSUFFICIENT_FUNDS": "Not enough funds available to complete requested transaction.",
    "tecOBJECT_NOT_FOUND": "A requested object could not be located.",
    "tecINSUFFICIENT_PAYMENT": "The payment is not sufficient.",
    "tecINCOMPLETE": "Some work was completed, but more submissions required to finish.",
    "tecEMPTY_DID": "The DID object did not have a URI or DIDDocument field.",
    "tecARRAY_EMPTY": "Array is empty.",
    "tecARRAY_TOO_LARGE": "Array is too large.",
    "tecLOCKED": "Fund is locked.",
    "tecBAD_CREDENTIALS": "Bad credentials.",
    "tecWRONG_ASSET": "Wrong asset given.",
    "tecLIMIT_EXCEEDED": "Limit exceeded.",
    "tecPSEUDO_ACCOUNT": "This operation is not allowed against a pseudo-account.",
    "tecPRECISION_LOSS": "The amounts used by the transaction cannot interact.",
    "tefALREADY": "The exact transaction was already in this ledger.",
    "tefBAD_ADD_AUTH": "Not authorized to add account.",
    "tefBAD_AUTH": "Transaction's public key is not authorized.",
    "tefBAD_LEDGER": "Ledger in unexpected state.",
    "tefBAD_QUORUM": "Signatures provided do not meet the quorum.",
    "tefBAD_SIGNATURE": "A signature is provided for a non-signer.",
    "tefCREATED": "Can't add an already created account.",
    "tefEXCEPTION": "Unexpected program state.",
    "tefFAILURE": "Failed to apply.",
    "tefINTERNAL": "Internal error.",
    "tefMASTER_DISABLED": "Master key is disabled.",
    "tefMAX_LEDGER": "Ledger sequence too high.",
    "tefNO_AUTH_REQUIRED": "Auth is not required.",
    "tefNOT_MULTI_SIGNING": "Account has no appropriate list of multi-signers.",
    "tefPAST_SEQ": "This sequence number has already passed.",
    "tefWRONG_PRIOR": "This previous transaction does not match.",
    "tefBAD_AUTH_MASTER": "Auth for unclaimed account needs correct master key.",
    "tefINVARIANT_FAILED": "Fee claim violated invariants for the transaction.",
    "tefTOO_BIG": "Transaction affects too many items.",
    "tefNO_TICKET": "Ticket is not in ledger.",
    "tefNO_DST_PARTIAL": "Partial payment to create account not allowed.",
    "tefBAD_PATH_COUNT": "Malformed: Too many paths.",
    "telLOCAL_ERROR": "Local failure.",
    "telBAD_DOMAIN": "Domain too long.",
    "telBAD_PATH_COUNT": "Malformed: Too many paths.",
    "telBAD_PUBLIC_KEY": "Public key is not valid.",
    "telFAILED_PROCESSING": "Failed to correctly process transaction.",
    "telINSUF_FEE_P": "Fee insufficient.",
    "telNO_DST_PARTIAL": "Partial payment to create account not allowed.",
    "telCAN_NOT_QUEUE": "Can not queue at this time.",
    "telCAN_NOT_QUEUE_BALANCE": "Can not queue at this time: insufficient balance to pay all queued fees.",
    "telCAN_NOT_QUEUE_BLOCKS": "Can not queue at this time: would block later queued transaction(s).",
    "telCAN_NOT_QUEUE_BLOCKED": "Can not queue at this time: blocking transaction in queue.",
    "telCAN_NOT_QUEUE_FEE": "Can not queue at this time: fee insufficient to replace queued transaction.",
    "telCAN_NOT_QUEUE_FULL": "Can not queue at this time: queue is full.",
    "telWRONG_NETWORK": "Transaction specifies a Network ID that differs from that of the local node.",
    "telREQUIRES_NETWORK_ID": (
        "Transactions submitted to this node/network must include a correct NetworkID field."
    ),
    "telNETWORK_ID_MAKES_TX_NON_CANONICAL": (
        "Transactions submitted to this node/network must NOT include a NetworkID field."
    ),
    "temMALFORMED": "Malformed transaction.",
    "temBAD_AMM_TOKENS": "Malformed: Invalid LPTokens.",
    "temBAD_AMOUNT": "Malformed: Bad amount.",
    "temBAD_CURRENCY": "Malformed: Bad currency.",
    "temBAD_EXPIRATION": "Malformed: Bad expiration.",
    "temBAD_FEE": "Invalid fee, negative or not XRP.",
    "temBAD_ISSUER": "Malformed: Bad issuer.",
    "temBAD_LIMIT": "Limits must be non-negative.",
    "temBAD_OFFER": "Malformed: Bad offer.",
    "temBAD_PATH": "Malformed: Bad path.",
    "temBAD_PATH_LOOP": "Malformed: Loop in path.",
    "temBAD_QUORUM": "Malformed: Quorum is unreachable.",
    "temBAD_REGKEY": "Malformed: Regular key cannot be same as master key.",
    "temBAD_SEND_XRP_LIMIT": "Malformed: Limit quality is not allowed for XRP to XRP.",
    "temBAD_SEND_XRP_MAX": "Malformed: Send max is not allowed for XRP to XRP.",
    "temBAD_SEND_XRP_NO_DIRECT": "Malformed: No Ripple direct is not allowed for XRP to XRP.",
    "temBAD_SEND_XRP_PARTIAL": "Malformed: Partial payment is not allowed for XRP to XRP.",
    "temBAD_SEND_XRP_PATHS": "Malformed: Paths are not allowed for XRP to XRP.",
    "temBAD_SEQUENCE": "Malformed: Sequence is not in the past.",
    "temBAD_SIGNATURE": "Malformed: Bad signature.",
    "temBAD_SIGNER": "Malformed: No signer may duplicate account or other signers.",
    "temBAD_SRC_ACCOUNT": "Malformed: Bad source account.",
    "temBAD_TRANSFER_RATE": "Malformed: Transfer rate must be >= 1.0 and <= 2.0",
    "temBAD_TRANSFER_FEE": "Malformed: Transfer fee is outside valid range.",
    "temBAD_WEIGHT": "Malformed: Weight must be a positive value.",
    "temDST_IS_SRC": "Destination may not be source.",
    "temDST_NEEDED": "Destination not specified.",
    "temEMPTY_DID": "Malformed: No DID data provided.",
    "temINVALID": "The transaction is ill-formed.",
    "temINVALID_FLAG": "The transaction has an invalid flag.",
    "temREDUNDANT": "The transaction is redundant.",
    "temRIPPLE_EMPTY": "PathSet with no paths.",
    "temUNCERTAIN": "In process of determining result. Never returned.",
    "temUNKNOWN": "The transaction requires logic that is not implemented yet.",
    "temDISABLED": "The transaction requires logic that is currently disabled.",
    "temBAD_TICK_SIZE": "Malformed: Tick size out of range.",
    "temINVALID_ACCOUNT_ID": "Malformed: A field contains an invalid account ID.",
    "temCANNOT_PREAUTH_SELF": "Malformed: An account may not preauthorize itself.",
    "temINVALID_COUNT": "Malformed: Count field outside valid range.",
    "temSEQ_AND_TICKET": "Transaction contains a TicketSequence and a non-zero Sequence.",
    "temARRAY_EMPTY": "Malformed: Array is empty.",
    "temARRAY_TOO_LARGE": "Malformed: Array is too large.",
    "temINVALID_INNER_BATCH": "Malformed: Invalid inner batch transaction.",
    "terRETRY": "Retry transaction.",
    "terFUNDS_SPENT": "DEPRECATED.",
    "terINSUF_FEE_B": "Account balance can't pay fee.",
    "terLAST": "DEPRECATED.",
    "terNO_RIPPLE": "Path does not permit rippling.",
    "terNO_ACCOUNT": "The source account does not exist.",
    "terNO_AUTH": "Not authorized to hold IOUs.",
    "terNO_LINE": "No such line.",
    "terPRE_SEQ": "Missing/inapplicable prior transaction.",
    "terOWNERS": "Non-zero owner count.",
    "terQUEUED": "Held until escalated fee drops.",
    "terPRE_TICKET": "Ticket is not yet in ledger.",
    "terNO_AMM": "AMM doesn't exist for the asset pair.",
    "terADDRESS_COLLISION": "Failed to allocate an unique account address.",
    "terNO_DELEGATE_PERMISSION": "Delegated account lacks permission to perform this transaction.",
    "tesSUCCESS": "The transaction was applied. Only final in a validated ledger.",
}
