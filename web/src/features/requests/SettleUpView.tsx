import { ArrowRight } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Banner, Button, ListSkeleton } from "@/design";
import { useMe } from "@/features/identity";
import { openPay } from "@/features/transfers";
import { formatAmount } from "@/lib/amount";
import { problemText } from "@/lib/problem";
import type { AssetSettleUp, Room, SettleLine } from "@/lib/wire";
import { useSettleUp } from "./queries";

interface SettleUpProps {
  room: Room;
  /** Another sheet opens over this one. */
  onLeave: () => void;
}

/** Who pays whom so that everyone in the room is even; mine are one press away. */
export function SettleUpView({ room, onLeave }: SettleUpProps) {
  const { t } = useTranslation("requests");
  const { t: problems } = useTranslation("problems");
  const { data, error } = useSettleUp(room.id);
  if (error !== null) {
    return (
      <Banner tone="danger" role="alert">
        {problemText(problems, error)}
      </Banner>
    );
  }
  if (data === undefined) return <ListSkeleton />;
  const open = data.assets.filter(({ lines, balances }) => lines.length > 0 || balances.length > 0);
  return (
    <div className="flex flex-col gap-6 pb-2">
      <p className="text-small text-text-3">{t("settle.body")}</p>
      {open.length === 0 && <p className="py-4 text-center text-body text-text-2">{t("settle.nothing")}</p>}
      {open.map((asset) => (
        <OneAsset key={asset.asset} asset={asset} room={room} onLeave={onLeave} />
      ))}
    </div>
  );
}

function OneAsset({ asset, room, onLeave }: SettleUpProps & { asset: AssetSettleUp }) {
  const { t } = useTranslation("requests");
  const me = useMe();
  const name = (id: string, text: string) => (id === me.id ? t("me") : text);
  return (
    <section className="flex flex-col gap-3">
      {asset.lines.length === 0 ? (
        <p className="py-2 text-center text-body font-semibold text-accent-text">{t("settle.even")}</p>
      ) : (
        <ul aria-label={t("settle.lines")} className="flex flex-col gap-2">
          {asset.lines.map((line) => (
            <li
              key={`${line.payer.id} ${line.payee.id}`}
              className="flex flex-col gap-2 rounded-card border border-line p-3"
            >
              <span className="flex flex-wrap items-center gap-2 text-body">
                <span dir="auto" className="font-medium">
                  {name(line.payer.id, line.payer.name)}
                </span>
                <ArrowRight size={16} aria-label={t("settle.pays")} role="img" />
                <span dir="auto" className="font-medium">
                  {name(line.payee.id, line.payee.name)}
                </span>
                <span className="figures ml-auto font-semibold">{formatAmount(line.amount)}</span>
              </span>
              {line.payer.id === me.id && (
                <Button
                  tone="primary"
                  wide
                  onClick={() => {
                    onLeave();
                    pay(line, room);
                  }}
                >
                  {t("card.pay", { amount: formatAmount(line.amount) })}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {asset.evens && <p className="text-small text-text-3">{t("settle.evens")}</p>}
      <ul aria-label={t("settle.balances")} className="flex flex-col divide-y divide-line">
        {asset.balances.map(({ person, owes, is_owed: owed, paid, received }) => (
          <li key={person.id} className="flex flex-col py-2">
            <span dir="auto" className="text-body font-medium">
              {name(person.id, person.name)}
            </span>
            <span className="figures text-small text-text-2">
              {t("settle.open_sums", { owes: formatAmount(owes), owed: formatAmount(owed) })}
            </span>
            <span className="figures text-small text-text-3">
              {t("settle.settled_sums", { paid: formatAmount(paid), received: formatAmount(received) })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function pay(line: SettleLine, room: Room): void {
  openPay({
    person: line.payee,
    roomId: room.id,
    pays: { settlesRoomId: room.id, amount: line.amount },
  });
}
