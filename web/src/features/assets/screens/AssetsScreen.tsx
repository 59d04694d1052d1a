import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Banner, ErrorState, List, ListRow, ListSkeleton, PageHeader } from "@/design";
import { assetCode, formatAmount, xrpFromDrops } from "@/lib/amount";
import type { Held, Token } from "@/lib/wire";
import { AddByIssuer } from "../AddByIssuer";
import { useAssets } from "../queries";
import { noticesOf } from "../token-names";
import { TokenMark } from "../TokenMark";
import { TokenSheet } from "../TokenSheet";

/** Every token I hold, hidden ones too, those I could take up, and a way to name another. */
export function AssetsScreen() {
  const { t } = useTranslation("assets");
  const navigate = useNavigate();
  const assets = useAssets();
  const [open, setOpen] = useState<string | null>(null);
  return (
    <div className="flex h-full flex-col">
      <PageHeader title={t("title")} onBack={() => void navigate({ to: "/wallet" })} backOnPhoneOnly />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto flex w-full max-w-160 flex-col gap-2 pb-10">
          {assets.isPending ? (
            <ListSkeleton rows={4} />
          ) : assets.isError ? (
            <ErrorState error={assets.error} onRetry={() => void assets.refetch()} />
          ) : (
            <>
              <div className="px-5 pt-4">
                <Banner>
                  {t("reserve", {
                    each: xrpText(assets.data.line_reserve_drops),
                    free: xrpText(assets.data.spendable_drops),
                  })}
                </Banner>
              </div>
              <HeldList
                heading={t("shown")}
                held={assets.data.held.filter(({ shown }) => shown)}
                none={t("none_shown")}
                onOpen={setOpen}
              />
              <HeldList
                heading={t("hidden")}
                held={assets.data.held.filter(({ shown }) => !shown)}
                onOpen={setOpen}
              />
              <ListedList listed={assets.data.listed} onOpen={setOpen} />
              <AddByIssuer onNamed={setOpen} />
            </>
          )}
        </div>
      </div>
      {open !== null && <TokenSheet key={open} asset={open} onClose={() => setOpen(null)} />}
    </div>
  );
}

/** “0.2 XRP”. */
function xrpText(drops: number): string {
  return formatAmount({ value: xrpFromDrops(drops), asset: "XRP" });
}

interface HeldListProps {
  heading: string;
  held: Held[];
  /** What is said of an empty list; nothing is shown of one otherwise. */
  none?: string;
  onOpen: (asset: string) => void;
}

function HeldList({ heading, held, none, onOpen }: HeldListProps) {
  const { t } = useTranslation("assets");
  if (held.length === 0 && none === undefined) return null;
  return (
    <List heading={heading} label={heading}>
      {held.length === 0 && <li className="px-5 py-3 text-small text-text-3">{none}</li>}
      {held.map((each) => {
        const [notice] = noticesOf(each);
        return (
          <ListRow
            key={each.token.asset}
            leading={<TokenMark token={each.token} />}
            title={formatAmount(each.balance)}
            subtitle={notice === undefined ? issuerText(each.token) : t(`notice.${notice}.short`)}
            leads
            onPress={() => onOpen(each.token.asset)}
          />
        );
      })}
    </List>
  );
}

function ListedList({ listed, onOpen }: { listed: Token[]; onOpen: (asset: string) => void }) {
  const { t } = useTranslation("assets");
  if (listed.length === 0) return null;
  return (
    <List heading={t("listed")} label={t("listed")}>
      {listed.map((token) => (
        <ListRow
          key={token.asset}
          leading={<TokenMark token={token} />}
          title={assetCode(token.asset)}
          subtitle={issuerText(token)}
          leads
          onPress={() => onOpen(token.asset)}
        />
      ))}
    </List>
  );
}

function issuerText(token: Token): string {
  return token.issuer_name ?? token.issuer;
}
