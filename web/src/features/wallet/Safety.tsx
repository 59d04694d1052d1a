import { Circle, CircleCheck } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { List, ListRow, Sheet, toast } from "@/design";
import { useMe } from "@/features/identity";
import type { Wallet } from "@/lib/wire";
import { PinSetup } from "./PinSetup";
import { RecoveryCodeSheet } from "./RecoveryCodeSheet";

/** What would be needed if this phone were lost: a list that turns green. */
export function Safety({ wallet }: { wallet: Wallet }) {
  const { t } = useTranslation("wallet");
  const [open, setOpen] = useState<"pin" | "code" | null>(null);
  const me = useMe();
  if (wallet.trust !== "trusted") return null;
  const close = () => setOpen(null);
  return (
    <List heading={t("safety.title")}>
      <ListRow
        leading={<Mark done={wallet.has_pin} />}
        title={t("safety.pin")}
        subtitle={t(wallet.has_pin ? "safety.pin_done" : "safety.pin_open")}
        leads
        onPress={() => setOpen("pin")}
      />
      <ListRow
        leading={<Mark done={wallet.has_recovery_code} />}
        title={t("safety.code")}
        subtitle={t(
          wallet.has_recovery_code
            ? "safety.code_done"
            : wallet.has_pin
              ? "safety.code_open"
              : "safety.code_after_pin",
        )}
        leads
        onPress={() => setOpen(wallet.has_pin ? "code" : "pin")}
      />
      <li className="px-5 py-3 text-caption text-text-3">{t("safety.custody")}</li>
      {open === "pin" && (
        <Sheet open onOpenChange={close} title={t(wallet.has_pin ? "pin.change" : "pin.set")}>
          <PinSetup
            me={me}
            change={wallet.has_pin}
            onDone={() => {
              close();
              toast(t("pin.saved"));
            }}
          />
        </Sheet>
      )}
      {open === "code" && <RecoveryCodeSheet onClose={close} />}
    </List>
  );
}

function Mark({ done }: { done: boolean }) {
  const { t } = useTranslation("wallet");
  return done ? (
    <CircleCheck size={24} className="shrink-0 text-accent-text" aria-label={t("safety.done")} />
  ) : (
    <Circle size={24} className="shrink-0 text-text-3" aria-label={t("safety.open")} />
  );
}
