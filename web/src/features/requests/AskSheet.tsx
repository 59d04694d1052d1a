import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Sheet } from "@/design";
import type { RequestAsk, SplitCheck } from "@/lib/wire";
import { type AskTarget, closeAsk } from "./ask";
import { AskForm } from "./AskForm";
import { Parts } from "./Parts";
import { SettleUpView } from "./SettleUpView";

/** From whom and how much, then everyone's exact part, then asked. Or who owes whom in the room. */
export function AskSheet({ target }: { target: AskTarget }) {
  const { t } = useTranslation("requests");
  const [settling, setSettling] = useState(target.settleUp ?? false);
  const [checked, setChecked] = useState<{ ask: RequestAsk; check: SplitCheck } | null>(null);
  const title = settling ? "settle.title" : checked === null ? "title" : "parts.title";
  return (
    <Sheet open onOpenChange={closeAsk} title={t(title)}>
      {settling ? (
        <SettleUpView room={target.room} onLeave={closeAsk} />
      ) : (
        <>
          {/* Kept, so that going back finds everything as it was. */}
          <div hidden={checked !== null}>
            <AskForm
              room={target.room}
              onChecked={(ask, check) => setChecked({ ask, check })}
              onSettleUp={() => setSettling(true)}
            />
          </div>
          {checked !== null && (
            <Parts {...checked} onBack={() => setChecked(null)} onDone={closeAsk} />
          )}
        </>
      )}
    </Sheet>
  );
}
