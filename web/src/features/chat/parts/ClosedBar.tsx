/** Stands where one would write, in a room one cannot write in. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/features/identity";
import { Button, toast } from "@/design";
import { problemText } from "@/lib/problem";
import type * as W from "@/lib/wire";
import { unblock } from "../chat";
import { useBlocked } from "../friend";
import { calm } from "../model/text";
import { otherOf } from "./people";

export function ClosedBar({ room }: { room: W.Room }) {
  const { t } = useTranslation("chat");
  const { t: problems } = useTranslation("problems");
  const me = useMe();
  const other = otherOf(room, me.id);
  const blocked = useBlocked(other?.id ?? "");
  const [busy, setBusy] = useState(false);
  const lift = async (userId: string) => {
    setBusy(true);
    try {
      await unblock(userId);
      toast(t("details.unblocked"));
    } catch (error) {
      toast(problemText(problems, error), { tone: "danger" });
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="shrink-0 border-t border-line bg-surface pb-safe">
      <div className="flex min-h-16 items-center gap-3 px-5 py-2">
        <p className="flex-1 text-small text-text-2">
          {blocked ? t("composer.blocked", { name: calm(room.title) }) : t("composer.cannot_write")}
        </p>
        {blocked && other !== null && (
          <Button size="small" busy={busy} onClick={() => void lift(other.id)}>
            {t("details.unblock")}
          </Button>
        )}
      </div>
    </section>
  );
}
