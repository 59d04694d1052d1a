"""The amendments a node knows, which of them are on, and the rules that follow.

An amendment's id is SHA-512Half of its name. `KNOWN` lists every name that may be switched; what the code
never asks about (because no transaction here depends on it) is listed all the same, so that `feature`
answers as a network's node does. `RETIRED` are those whose old behaviour current servers no longer carry;
here they can still be switched off, for replaying recordings of older nodes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from xrpl_codec.hashing import half

RETIRED: Final[tuple[str, ...]] = (
    *("fix1201", "fix1368", "fix1373", "fix1512", "fix1513", "fix1515", "fix1523", "fix1528"),
    *("fix1543", "fix1571", "fix1578", "fix1623", "fix1781", "fixAmendmentMajorityCalc"),
    *("fixAMMOverflowOffer", "fixCheckThreading", "fixDisallowIncomingV1", "fixInnerObjTemplate"),
    *("fixMasterKeyAsRegularKey", "fixNFTokenRemint", "fixNFTokenReserve"),
    *("fixNonFungibleTokensV1_2", "fixPayChanRecipientOwnerDir", "fixQualityUpperBound"),
    *("fixReducedOffersV1", "fixRmSmallIncreasedQOffers", "fixSTAmountCanonicalize"),
    *("fixTakerDryOfferRemoval", "fixTrustLinesToSelf", "fixUniversalNumber"),
    *("CheckCashMakesTrustLine", "Checks", "Clawback", "CryptoConditions", "CryptoConditionsSuite"),
    *("DeletableAccounts", "DepositAuth", "DepositPreauth", "DisallowIncoming"),
    *("EnforceInvariants", "Escrow", "ExpandedSignerList", "FeeEscalation", "Flow", "FlowCross"),
    *("FlowSortStrands", "HardenedValidations", "ImmediateOfferKilled", "MultiSign"),
    *("MultiSignReserve", "NegativeUNL", "NonFungibleTokensV1_1", "PayChan"),
    *("RequireFullyCanonicalSig", "SortedDirectories", "TickSize", "TicketBatch", "TrustSetAuth"),
)
CURRENT: Final[tuple[str, ...]] = (
    *("AMM", "AMMClawback", "BatchV1_1", "Credentials", "DID", "DeepFreeze", "DynamicMPT"),
    *("DynamicNFT", "MPTokensV1", "NFTokenMintOffer", "PermissionDelegationV1_1"),
    *("PermissionedDEX", "PermissionedDomains", "PriceOracle", "TokenEscrow", "XRPFees"),
    *("fixAMMClawbackRounding", "fixAMMv1_1", "fixAMMv1_2", "fixAMMv1_3", "fixBatchV1_2"),
    *("fixCleanup3_1_3", "fixCleanup3_2_0", "fixCleanup3_3_0", "fixDirectoryLimit", "fixEmptyDID"),
    *("fixEnforceNFTokenTrustline", "fixEnforceNFTokenTrustlineV2", "fixFillOrKill"),
    *("fixFrozenLPTokenTransfer", "fixIncludeKeyletFields", "fixInnerObjTemplate2"),
    *("fixInvalidTxFlags", "fixMPTDeliveredAmount", "fixNFTokenPageLinks"),
    *("fixPayChanCancelAfter", "fixPreviousTxnID", "fixPriceOracleOrder"),
    *("fixReducedOffersV2", "fixRemoveNFTokenAutoTrustLine", "fixTokenEscrowV1"),
    *("fixXChainRewardRounding",),
)
OFF_BY_DEFAULT: Final[tuple[str, ...]] = (
    *("ConfidentialTransfer", "LendingProtocol", "LendingProtocolV1_1", "SingleAssetVault"),
    *("Sponsor", "XChainBridge", "fixCleanup3_4_0"),
)
"""Supported elsewhere, not enabled on Mainnet; `all` leaves them off: nothing here implements them."""

KNOWN: Final[tuple[str, ...]] = tuple(sorted({*RETIRED, *CURRENT, *OFF_BY_DEFAULT}))
IDS: Final[dict[str, bytes]] = {name: half(name.encode("ascii")) for name in KNOWN}
NAMES: Final[dict[bytes, str]] = {amendment: name for name, amendment in IDS.items()}


class UnknownAmendment(ValueError):
    """A name that no server knows."""


@dataclass(frozen=True)
class Rules:
    """Which amendments a ledger goes by."""

    names: frozenset[str] = field(default_factory=frozenset)

    def enabled(self, name: str) -> bool:
        """Whether an amendment is on."""
        return name in self.names

    @cached_property
    def ids(self) -> list[bytes]:
        """The ids of what is on, sorted, as the Amendments entry holds them."""
        return sorted(IDS[name] for name in self.names)


def parse(spec: str | Iterable[str]) -> Rules:
    """The rules that a setting names: `all`, `none`, names, and `-NAME` to take one away.

    Raises:
        UnknownAmendment: A name that is not in `KNOWN`.
    """
    parts = (
        [part.strip() for part in spec.split(",") if part.strip()] if isinstance(spec, str) else list(spec)
    )
    names: set[str] = set()
    if not parts or parts[0].startswith("-"):
        parts = ["all", *parts]
    for part in parts:
        if part == "all":
            names |= {*RETIRED, *CURRENT}
        elif part == "none":
            names.clear()
        else:
            name = part.removeprefix("-")
            if name not in IDS:
                raise UnknownAmendment(name)
            if part.startswith("-"):
                names.discard(name)
            else:
                names.add(name)
    return Rules(frozenset(names))
