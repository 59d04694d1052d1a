import { lazy, Suspense, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Button, Sheet, Spinner } from "@/design";
import { useAssets } from "@/features/assets";
import { useMe } from "@/features/identity";
import { PinSetup, useWallet, WalletTrust } from "@/features/wallet";
import { i18n } from "@/i18n";
import { formatAmount, XRP } from "@/lib/amount";
import { userEvents } from "@/lib/events";
import { isProblem } from "@/lib/problem";
import type { Me, Wallet } from "@/lib/wire";
import { arrivingChoices, usualSpend } from "./asset-choices";
import { type Chosen, Compose } from "./Compose";
import { closePay, type PayTarget } from "./pay";
import { leavesAtMost } from "./decode";
import { Payment, payeeOf, type Reviewed } from "./payment";
import { PinStep } from "./PinStep";
import { Refused } from "./Refused";
import { Review } from "./Review";
import { Sent } from "./Sent";
import { Warnings } from "./Warnings";
import { useTransfer } from "./queries";

const InviteForm = lazy(async () => {
  const [module] = await Promise.all([
    import("@/features/invitations/InviteForm"),
    i18n.loadNamespaces(["invitations", "identity"]),
  ]);
  return { default: module.InviteForm };
});

/** Who, how much, review, approve; from anywhere by `openPay`. */
export function PaySheet({ target }: { target: PayTarget }) {
  const me = useMe();
  const { data: wallet } = useWallet();
  const { t } = useTranslation("transfers");
  if (wallet?.state === "ready" && wallet.trust === "trusted") {
    if (wallet.has_pin) return <PaymentSheet me={me} wallet={wallet} target={target} />;
    return (
      <Sheet open onOpenChange={closePay} title={t("pin.first_title")} description={t("pin.first_body")}>
        <PinSetup me={me} />
      </Sheet>
    );
  }
  return (
    <Sheet open onOpenChange={closePay} title={t("title")}>
      {wallet === undefined ? (
        <Spinner className="min-h-40" />
      ) : wallet.state === "ready" ? (
        <WalletTrust wallet={wallet} />
      ) : (
        <p className="py-6 text-body text-text-2">{t(`not_ready.${wallet.state}`)}</p>
      )}
    </Sheet>
  );
}

function PaymentSheet({ me, wallet, target }: { me: Me; wallet: Wallet; target: PayTarget }) {
  const { t } = useTranslation("transfers");
  // One payment per opening; a balance that changes meanwhile must not start another.
  const [payment] = useState(() => new Payment(me.id, wallet));
  const state = useSyncExternalStore(payment.subscribe, payment.snapshot);
  const { pays } = target;
  const { data: assets } = useAssets();
  const offered = arrivingChoices(wallet, assets?.listed ?? []);
  // What is asked for is paid in what it is asked in.
  const choices = pays === undefined ? offered : offered.filter(({ asset }) => asset === pays.amount.asset);
  const [chosen, setChosen] = useState<Chosen>(() => {
    const asset = pays?.amount.asset ?? target.asset ?? XRP;
    return { asset, spendAsset: pays === undefined ? usualSpend(offered, asset) : asset };
  });
  const [value, setValue] = useState(pays?.amount.value ?? "");
  const [note, setNote] = useState("");
  const [memo, setMemo] = useState("");
  const [pin, setPin] = useState(false);
  /** To a number that is not here yet, rather than to an address. */
  const [inviting, setInviting] = useState(false);
  const fixed = useMemo(
    () =>
      target.person !== undefined
        ? { person: target.person }
        : target.address !== undefined
          ? payeeOf(target.address)
          : null,
    [target],
  );
  useEffect(
    () => userEvents.on("transfer.turned", ({ transfer }) => payment.hear(transfer)),
    [payment],
  );
  const watched = state.at === "approving" ? state.reviewed.transfer.id : null;
  const { data: live } = useTransfer(watched);
  useEffect(() => {
    if (live !== undefined) payment.hear(live);
  }, [live, payment]);

  // What is asked for needs no typing: straight to the review, from where one can still pay less.
  useEffect(() => {
    const { pays, person, roomId } = target;
    if (pays === undefined || person === undefined || payment.state.at !== "compose") return;
    const { value, asset } = pays.amount;
    const where = { note: "", memo: "", roomId: roomId ?? null };
    void payment.check({ payee: { person }, value, asset, spendAsset: asset, ...where, pays });
  }, [payment, target]);

  const close = () => {
    payment.discard();
    closePay();
  };
  const busy = state.at === "approving";
  // A price that has expired is looked at anew before a PIN is asked for.
  const outdated = state.at === "review" && isProblem(state.problem, "quote_expired", "draft_expired");
  const looks = state.at === "review" && (!pin || outdated);
  return (
    <Sheet
      open
      onOpenChange={(open) => {
        if (!open && !busy) close();
      }}
      dismissible={!busy}
      title={t(titleOf(state.at, !looks))}
    >
      {fixed === null && state.at === "compose" && (
        <Button wide className="mb-4" onClick={() => setInviting(!inviting)}>
          {t(inviting ? "to.by_address" : "to.by_phone")}
        </Button>
      )}
      {inviting && (
        <Suspense fallback={<Spinner className="min-h-40" />}>
          <InviteForm onDone={closePay} />
        </Suspense>
      )}
      {!inviting && (state.at === "compose" || state.at === "checking" || state.at === "drafting") && (
        <Compose
          choices={choices}
          chosen={chosen}
          onChosen={setChosen}
          fixed={fixed}
          value={value}
          onValue={setValue}
          note={note}
          onNote={setNote}
          memo={memo}
          onMemo={setMemo}
          busy={state.at !== "compose"}
          problem={state.at === "compose" ? state.problem : null}
          onNext={(payee, amount) => {
            setPin(false);
            void payment.check({
              payee,
              value: amount,
              ...chosen,
              note: note.trim(),
              // A friend is told by the note; what everybody may read is for shops and exchanges.
              memo: "person" in payee ? "" : memo.trim(),
              roomId: target.roomId ?? null,
              pays: target.pays,
            });
          }}
        />
      )}
      {state.at === "warned" && (
        <Warnings
          check={state.check}
          otherAddress={payment.payeeIsOther}
          onAccept={() => void payment.acceptWarnings()}
          onBack={() => payment.back()}
        />
      )}
      {state.at === "refused" && <Refused differences={state.differences} onClose={close} />}
      {state.at === "review" && looks && (
        <Review
          reviewed={state.reviewed}
          outdated={outdated}
          onApprove={() => setPin(true)}
          onBack={() => payment.back()}
          onRenew={() => {
            setPin(false);
            void payment.renew();
          }}
        />
      )}
      {((state.at === "review" && !looks) || state.at === "approving") && (
        <PinStep
          body={approvalText(t, state.reviewed)}
          busy={busy}
          problem={state.at === "review" ? state.problem : null}
          onPin={(digits) => void payment.approve(digits)}
        />
      )}
      {state.at === "sent" && <Sent id={state.transfer.id} onClose={closePay} />}
    </Sheet>
  );
}

type At = Payment["state"]["at"];
type T = ReturnType<typeof useTranslation<"transfers">>["t"];

/** What the PIN approves: what arrives where, and what leaves at most where that is something else. */
function approvalText(t: T, { transfer, decoded }: Reviewed): string {
  const amount = formatAmount(decoded.amount);
  const name = transfer.recipient?.name ?? decoded.to;
  if (decoded.sendMax === null) return t("approve.body", { amount, name });
  return t("approve.body_most", { amount, name, most: formatAmount(leavesAtMost(decoded)) });
}

function titleOf(at: At, pin: boolean) {
  if (at === "warned") return "warnings.title";
  if (at === "refused") return "refused.title";
  if (at === "review") return pin ? "approve.title" : "review.title";
  if (at === "approving") return "approve.title";
  if (at === "sent") return "sent.title";
  return "title";
}
