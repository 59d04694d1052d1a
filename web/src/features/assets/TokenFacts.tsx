import { Lock, TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Banner, Button, Switch, toast } from "@/design";
import { Fact, Facts, openPay } from "@/features/transfers";
import { assetCode, compare, formatAmount, formatDecimal, isMpt, xrpFromDrops } from "@/lib/amount";
import { problemText } from "@/lib/problem";
import type { Held, TokenTerms, TrustAction } from "@/lib/wire";
import { useShow } from "./queries";
import { TokenMark } from "./TokenMark";
import { isOwn, noticesOf } from "./token-names";

interface TokenFactsProps {
  terms: TokenTerms;
  onAction: (action: TrustAction) => void;
  onClose: () => void;
}

/** What is known of a token, and what can be done about it. */
export function TokenFacts({ terms, onAction, onClose }: TokenFactsProps) {
  const { t } = useTranslation("assets");
  const { token, held } = terms;
  return (
    <div className="flex flex-col gap-3">
      <p className="flex items-center gap-2 text-body">
        <TokenMark token={token} />
        <span dir="auto" className="min-w-0 font-semibold">
          {token.issuer_name ?? t("mark.unverified")}
        </span>
      </p>
      <Cautions terms={terms} />
      <Facts>
        <Fact name={t("fact.issuer")} mono>
          {token.issuer}
        </Fact>
        {isMpt(token.asset) && (
          <Fact name={t("fact.id")} mono>
            {token.asset.slice("mpt.".length)}
          </Fact>
        )}
        {token.domain !== null && <Fact name={t("fact.domain")}>{token.domain}</Fact>}
        {terms.claimed_domain !== null && !token.verified && (
          <Fact name={t("fact.claimed_domain")}>{terms.claimed_domain}</Fact>
        )}
        {terms.transfer_fee_percent !== "0" && (
          <Fact name={t("fact.fee")}>{t("fact.fee_percent", { percent: terms.transfer_fee_percent })}</Fact>
        )}
        {held !== null && (
          <>
            <Fact name={t("fact.balance")} strong>
              {formatAmount(held.balance)}
            </Fact>
            {held.spendable.value !== held.balance.value && (
              <Fact name={t("fact.spendable")}>{formatAmount(held.spendable)}</Fact>
            )}
            {held.limit !== null && <Fact name={t("fact.limit")}>{formatDecimal(held.limit.value)}</Fact>}
          </>
        )}
        <Fact name={t(isOwn(held) ? "fact.locked" : "fact.would_lock")}>
          {xrpText(isOwn(held) ? held.reserve_drops : terms.line_reserve_drops)}
        </Fact>
      </Facts>
      {held !== null && <ShownRow held={held} />}
      <Actions terms={terms} onAction={onAction} onClose={onClose} />
    </div>
  );
}

function xrpText(drops: number): string {
  return formatAmount({ value: xrpFromDrops(drops), asset: "XRP" });
}

/** What the person should know: a look-alike first, then what is frozen, then what the issuer may do. */
function Cautions({ terms }: { terms: TokenTerms }) {
  const { t } = useTranslation("assets");
  const { token, held } = terms;
  const warn = <TriangleAlert size={20} />;
  const notices = held === null ? [] : noticesOf(held);
  return (
    <>
      {token.lookalike_of !== null && (
        <Banner tone="danger" icon={warn} role="alert">
          {t("caution.lookalike", { other: assetCode(token.lookalike_of) })}
        </Banner>
      )}
      {!token.verified && token.lookalike_of === null && (
        <Banner tone="warning" icon={warn}>
          {t("caution.unverified")}
        </Banner>
      )}
      {terms.frozen && (
        <Banner tone="warning" icon={<Lock size={20} />}>
          {t("caution.frozen_everywhere")}
        </Banner>
      )}
      {notices.map((notice) => (
        <Banner key={notice} tone="warning" icon={<Lock size={20} />}>
          {t(`notice.${notice}.long`)}
        </Banner>
      ))}
      {terms.requires_authorization && <Banner icon={warn}>{t("caution.requires_authorization")}</Banner>}
      {!terms.transferable && <Banner icon={warn}>{t("caution.not_transferable")}</Banner>}
      {terms.can_claw_back && <Banner icon={warn}>{t("caution.claw_back")}</Banner>}
      {terms.can_freeze && <Banner icon={warn}>{t("caution.can_freeze")}</Banner>}
      {!isOwn(held) && !terms.takes_lines && <Banner icon={warn}>{t("caution.no_new_lines")}</Banner>}
    </>
  );
}

/** Among the balances or not; nothing on the ledger changes. */
function ShownRow({ held }: { held: Held }) {
  const { t } = useTranslation("assets");
  const { t: problems } = useTranslation("problems");
  const show = useShow();
  const { asset } = held.token;
  return (
    <div className="flex min-h-13 items-center justify-between gap-3">
      <span className="text-body">{t("show")}</span>
      <Switch
        label={t("show")}
        checked={show.isPending ? show.variables.shown : held.shown}
        disabled={show.isPending}
        onCheckedChange={(shown) =>
          show.mutate(
            { asset, shown },
            { onError: (problem) => toast(problemText(problems, problem), { tone: "danger" }) },
          )
        }
      />
    </div>
  );
}

function Actions({ terms, onAction, onClose }: TokenFactsProps) {
  const { t } = useTranslation("assets");
  const { token, held } = terms;
  const own = isOwn(held);
  const canSend = held !== null && compare(held.spendable.value, "0") > 0;
  return (
    <div className="flex flex-col gap-2 pt-2">
      {canSend && (
        <Button
          tone="primary"
          size="large"
          wide
          onClick={() => {
            onClose();
            openPay({ asset: token.asset });
          }}
        >
          {t("send")}
        </Button>
      )}
      {!own && (
        <Button tone="primary" size="large" wide disabled={!terms.takes_lines} onClick={() => onAction("add")}>
          {t("add")}
        </Button>
      )}
      {own && held.limit !== null && (
        <Button wide onClick={() => onAction("change")}>
          {t("change_limit")}
        </Button>
      )}
      {own && (
        <>
          <Button tone="danger-quiet" wide disabled={!held.removable} onClick={() => onAction("remove")}>
            {t("remove")}
          </Button>
          {!held.removable && <p className="text-center text-small text-text-3">{t("remove_when_empty")}</p>}
        </>
      )}
    </div>
  );
}
