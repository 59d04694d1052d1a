import { ShieldAlert, TriangleAlert } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Banner, Button, Spinner, TextField } from "@/design";
import { useMe } from "@/features/identity";
import { Fact, Facts, PinStep } from "@/features/transfers";
import { PinSetup, useWallet, WalletTrust } from "@/features/wallet";
import { assetCode, compare, formatAmount, formatDecimal, isMpt, typedAmount, xrpFromDrops } from "@/lib/amount";
import { isProblem, problemText } from "@/lib/problem";
import { useNow } from "@/lib/use-now";
import type { OrderCheck, TokenTerms, TrustAction } from "@/lib/wire";
import type { LineDifference } from "./line-decode";
import { OrderOutcome } from "./OrderOutcome";
import { useOrder } from "./queries";
import { LIMIT_DEFAULT, type ReviewedLine, TokenChange } from "./token-change";

interface ChangeStepsProps {
  terms: TokenTerms;
  action: TrustAction;
  /** Whether an approval is on its way, which must not be interrupted. */
  onBusy: (busy: boolean) => void;
  onBack: () => void;
  onClose: () => void;
}

/** From the limit and the costs to the ledger's word. */
export function ChangeSteps(props: ChangeStepsProps) {
  const me = useMe();
  const { data: wallet } = useWallet();
  if (wallet === undefined) return <Spinner className="min-h-40" />;
  if (wallet.trust !== "trusted" || wallet.address === null) return <WalletTrust wallet={wallet} />;
  if (!wallet.has_pin) return <PinSetup me={me} />;
  return <Steps {...props} account={wallet.address} />;
}

function Steps({ terms, action, account, onBusy, onBack, onClose }: ChangeStepsProps & { account: string }) {
  const { t } = useTranslation("assets");
  const { token, held } = terms;
  const [change] = useState(() => new TokenChange(account));
  const state = useSyncExternalStore(change.subscribe, change.snapshot);
  const [pin, setPin] = useState(false);
  const keepsLimit = action !== "remove" && !isMpt(token.asset);
  const [limit, setLimit] = useState(held?.limit?.value ?? "");
  const busy = state.at === "approving";
  useEffect(() => onBusy(busy), [busy, onBusy]);
  useEffect(() => () => change.discard(), [change]);
  const { data: live } = useOrder(busy ? state.reviewed.order.id : null);
  useEffect(() => {
    if (live !== undefined) change.hear(live);
  }, [live, change]);
  const back = () => {
    change.discard();
    onBack();
  };
  const code = assetCode(token.asset);
  const outdated = state.at === "review" && isProblem(state.problem, "draft_expired");
  const looks = state.at === "review" && (!pin || outdated);
  if (state.at === "asking" || state.at === "checking") {
    return (
      <AskStep
        limit={keepsLimit ? limit : null}
        asset={token.asset}
        action={action}
        busy={state.at === "checking"}
        problem={state.at === "asking" ? state.problem : null}
        onLimit={setLimit}
        onBack={back}
        onNext={(chosen) => {
          setPin(false);
          void change.check({ asset: token.asset, action, limit: chosen });
        }}
      />
    );
  }
  if (state.at === "checked" || state.at === "drafting") {
    return (
      <CostStep
        check={state.check}
        action={action}
        busy={state.at === "drafting"}
        onBack={() => change.back()}
        onNext={() => void change.draft()}
      />
    );
  }
  if (state.at === "refused") return <RefusedStep differences={state.differences} onClose={onClose} />;
  if (state.at === "over") return <OrderOutcome id={state.order.id} action={action} onClose={onClose} />;
  if (state.at === "review" && looks) {
    return (
      <ReviewStep
        reviewed={state.reviewed}
        action={action}
        outdated={outdated}
        onApprove={() => setPin(true)}
        onRenew={() => {
          setPin(false);
          void change.draft();
        }}
        onBack={() => change.back()}
      />
    );
  }
  return (
    <PinStep
      body={t(`pin.${action}`, { code })}
      busy={busy}
      problem={state.at === "review" ? state.problem : null}
      onPin={(digits) => void change.approve(digits)}
    />
  );
}

interface AskStepProps {
  asset: string;
  action: TrustAction;
  /** As typed; null where none goes with it. */
  limit: string | null;
  busy: boolean;
  problem: unknown;
  onLimit: (limit: string) => void;
  onBack: () => void;
  onNext: (limit: string | null) => void;
}

/** How much of it to take at most. */
function AskStep({ asset, action, limit, busy, problem, onLimit, onBack, onNext }: AskStepProps) {
  const { t } = useTranslation("assets");
  const { t: problems } = useTranslation("problems");
  const usual = action === "add" && limit?.trim() === "";
  const typed = limit === null || usual ? null : typedAmount(limit, asset);
  const wrong = limit !== null && !usual && (typed === null || compare(typed, "0") <= 0);
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        // The device compares the limit, so that it is said even where it is the usual one.
        if (!wrong) onNext(limit === null ? null : (typed ?? LIMIT_DEFAULT));
      }}
    >
      <p className="text-body text-text-2">{t(`explain.${action}`)}</p>
      {limit !== null && (
        <TextField
          label={t("limit")}
          hint={t("limit_hint", { usual: formatDecimal(LIMIT_DEFAULT) })}
          value={limit}
          inputMode="decimal"
          autoComplete="off"
          onChange={(event) => onLimit(event.currentTarget.value)}
          error={wrong && limit.trim() !== "" ? t("limit_wrong") : undefined}
        />
      )}
      {problem !== null && (
        <Banner tone="danger" role="alert">
          {problemText(problems, problem)}
        </Banner>
      )}
      <Button type="submit" tone="primary" size="large" wide disabled={wrong} busy={busy}>
        {t("next")}
      </Button>
      <Button size="large" tone="quiet" wide onClick={onBack}>
        {t("back")}
      </Button>
    </form>
  );
}

interface CostStepProps {
  check: OrderCheck;
  action: TrustAction;
  busy: boolean;
  onBack: () => void;
  onNext: () => void;
}

/** What it locks and costs, and what to mind, before anything is drawn up. */
function CostStep({ check, action, busy, onBack, onNext }: CostStepProps) {
  const { t } = useTranslation("assets");
  return (
    <div className="flex flex-col gap-3">
      {check.warnings.map(({ code, detail }) => (
        <Banner
          key={code}
          tone={code === "lookalike_token" ? "danger" : "warning"}
          icon={<TriangleAlert size={20} />}
          {...(code === "lookalike_token" && { role: "alert" as const })}
        >
          {/* A code this version does not know yet is worded by the server. */}
          {t(`warning.${code}` as "warning.unverified_token", { defaultValue: detail })}
        </Banner>
      ))}
      <Facts>
        {compare(check.reserve.value, "0") > 0 && (
          <Fact name={t("fact.would_lock")} strong>
            {formatAmount(check.reserve)}
          </Fact>
        )}
        <Fact name={t("fact.ledger_fee")}>{formatAmount(check.fee)}</Fact>
        <Fact name={t("fact.after")}>{formatAmount(check.balance_after)}</Fact>
      </Facts>
      {action === "add" && <p className="text-small text-text-3">{t("reserve_returns")}</p>}
      <Button size="large" tone="primary" wide busy={busy} onClick={onNext}>
        {t("understood")}
      </Button>
      <Button size="large" tone="quiet" wide onClick={onBack}>
        {t("back")}
      </Button>
    </div>
  );
}

interface ReviewStepProps {
  reviewed: ReviewedLine;
  action: TrustAction;
  outdated: boolean;
  onApprove: () => void;
  onRenew: () => void;
  onBack: () => void;
}

/** The transaction as its own bytes say it. */
function ReviewStep({ reviewed, action, outdated, onApprove, onRenew, onBack }: ReviewStepProps) {
  const { t } = useTranslation("assets");
  const { decoded, order, check } = reviewed;
  const old = useNow(1_000).getTime() > Date.parse(order.draft?.expires_at ?? order.created_at) || outdated;
  const code = assetCode(decoded.asset);
  const dot = decoded.asset.lastIndexOf(".");
  return (
    <div className="flex flex-col gap-2">
      <p className="py-2 text-center text-title font-bold">{t(`action.${action}`, { code })}</p>
      <Facts>
        <Fact name={t(isMpt(decoded.asset) ? "fact.id" : "fact.issuer")} mono>
          {decoded.asset.slice(dot + 1)}
        </Fact>
        {decoded.limit !== null && (
          <Fact name={t("fact.limit")} strong>
            {decoded.removes ? t("fact.no_limit") : formatDecimal(decoded.limit)}
          </Fact>
        )}
        {compare(check.reserve.value, "0") > 0 && (
          <Fact name={t("fact.would_lock")}>{formatAmount(check.reserve)}</Fact>
        )}
        <Fact name={t("fact.account")} mono>
          {decoded.account}
        </Fact>
        <Fact name={t("fact.ledger_fee")}>
          {formatAmount({ value: xrpFromDrops(decoded.feeDrops), asset: "XRP" })}
        </Fact>
        <Fact name={t("fact.last_ledger")}>{decoded.lastLedger}</Fact>
      </Facts>
      <p className="py-2 text-caption text-text-3">{t("decoded")}</p>
      {old ? (
        <>
          <Banner tone="warning" role="status">
            {t("old")}
          </Banner>
          <Button size="large" tone="primary" wide onClick={onRenew}>
            {t("renew")}
          </Button>
        </>
      ) : (
        <Button size="large" tone="primary" wide onClick={onApprove}>
          {t(`approve.${action}`)}
        </Button>
      )}
      <Button size="large" tone="quiet" wide onClick={onBack}>
        {t("back")}
      </Button>
    </div>
  );
}

/** The bytes say something else than what was asked: nothing can be approved. */
function RefusedStep({ differences, onClose }: { differences: LineDifference[]; onClose: () => void }) {
  const { t } = useTranslation("assets");
  return (
    <div className="flex flex-col gap-4">
      <Banner tone="danger" icon={<ShieldAlert size={22} />} role="alert">
        {t("refused.body")}
      </Banner>
      <ul className="list-disc pl-6 text-body">
        {differences.map((difference) => (
          <li key={difference}>{t(`refused.differences.${difference}`)}</li>
        ))}
      </ul>
      <Button size="large" wide onClick={onClose}>
        {t("close")}
      </Button>
    </div>
  );
}
