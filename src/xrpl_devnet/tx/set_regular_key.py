"""SetRegularKey: set or remove the key that may sign besides the master key.

Source: rippled `SetRegularKey.cpp`.
"""

from xrpl_codec.hashing import account_id
from xrpl_devnet.ledger import flags, keylets
from xrpl_devnet.ledger.views import ReadView
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import PreflightContext, Transactor, transactor
from xrpl_devnet.tx.transaction import Transaction


def _is_free(view: ReadView, tx: Transaction) -> bool:
    """Whether the key reset is free: signed by the master key while no income has spent it."""
    key: bytes = tx["SigningPubKey"]
    if not key or account_id(key) != tx.account:
        return False
    root = view.read(keylets.account(tx.account))
    return root is not None and not root.flag(flags.PASSWORD_SPENT)


@transactor("SetRegularKey")
class SetRegularKey(Transactor):
    """See the module."""

    @classmethod
    def base_fee(cls, view: ReadView, tx: Transaction) -> int:
        """Nothing for the first reset by the master key; income arms it again."""
        return 0 if _is_free(view, tx) else super().base_fee(view, tx)

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """The regular key may not be the master key."""
        if ctx.rules.enabled("fixMasterKeyAsRegularKey") and ctx.tx.get("RegularKey") == ctx.tx.account:
            return "temBAD_REGKEY"
        return "tesSUCCESS"

    def apply(self) -> Ter:
        """Set or remove."""
        sender = self.sender
        if _is_free(self.view, self.tx):
            sender["Flags"] |= flags.PASSWORD_SPENT
        key = self.tx.get("RegularKey")
        if key is not None:
            sender["RegularKey"] = key
        else:
            if sender.flag(flags.DISABLE_MASTER) and not self.view.exists(
                keylets.signer_list(self.account_id)
            ):
                return "tecNO_ALTERNATIVE_KEY"
            sender.pop("RegularKey", None)
        self.view.update(sender)
        return "tesSUCCESS"
