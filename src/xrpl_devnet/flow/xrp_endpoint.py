"""The step at either end of a strand at which XRP leaves an account or enters one."""

from xrpl_devnet.flow.quality import ONE_TO_ONE, Quality
from xrpl_devnet.flow.steps import XRP, Moved, PathRefused, Step, StrandContext
from xrpl_devnet.ledger import funds, keylets
from xrpl_devnet.ledger.iou import Value, smaller
from xrpl_devnet.ledger.payment_view import XRP_ISSUER, PaymentSandbox


class XrpEndpoint(Step):
    """XRP of one account."""

    def __init__(self, context: StrandContext, account: bytes, *, is_last: bool) -> None:
        super().__init__(context, is_last=is_last)
        self.account = account
        # An offer that brings in the first of a currency may use the reserve of the line it makes.
        self._count_change = (
            -1
            if context.offer_crossing
            and self.is_first
            and not context.view.exists(
                keylets.trust_line(account, context.deliver.issuer, context.deliver.currency)
            )
            else 0
        )
        self._check(context)

    def _check(self, context: StrandContext) -> None:
        if not any(self.account):
            raise PathRefused("temBAD_PATH")
        if not context.view.exists(keylets.account(self.account)):
            raise PathRefused("terNO_ACCOUNT")
        if not self.is_first and not self.is_last:
            raise PathRefused("temBAD_PATH")
        if context.view.rules.enabled("fix1781"):
            seen = context.seen_direct[0 if self.is_last else 1]
            if XRP in seen:
                raise PathRefused("temBAD_PATH_LOOP")
            seen.add(XRP)

    @property
    def key(self) -> tuple[object, ...]:
        return ("xrp", self.account, self.is_last)

    def quality_upper_bound(self, view: PaymentSandbox, redeems: bool) -> tuple[Quality | None, bool]:
        del view, redeems
        return ONE_TO_ONE, False

    def backward(
        self, view: PaymentSandbox, all_funds: PaymentSandbox, removable: set[bytes], given: Value
    ) -> Moved:
        del all_funds, removable
        return self._move(view, given)

    def forward(
        self, view: PaymentSandbox, all_funds: PaymentSandbox, removable: set[bytes], taken: Value
    ) -> Moved:
        del all_funds, removable
        return self._move(view, taken)

    def _move(self, view: PaymentSandbox, wanted: Value) -> Moved:
        drops = wanted
        if not self.is_last:
            drops = smaller(funds.xrp_liquid(view, self.account, self._count_change), wanted)
        assert isinstance(drops, int), "XRP is in drops"
        sender, receiver = (XRP_ISSUER, self.account) if self.is_last else (self.account, XRP_ISSUER)
        if funds.send(view, sender, receiver, drops) != "tesSUCCESS":
            return Moved(0, 0)
        self.cached = Moved(drops, drops)
        return self.cached
