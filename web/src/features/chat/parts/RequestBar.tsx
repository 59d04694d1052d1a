/** A stranger's room: take it, leave it, or block them. Stands where one would write. */
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/features/identity";
import { Button, Dialog, toast } from "@/design";
import { problemText } from "@/lib/problem";
import type * as W from "@/lib/wire";
import { acceptRequest, block, declineRequest } from "../chat";
import { calm } from "../model/text";
import { otherOf } from "./people";

type Question = "decline" | "block" | null;

export function RequestBar({ room }: { room: W.Room }) {
  const { t } = useTranslation("chat");
  const { t: problems } = useTranslation("problems");
  const navigate = useNavigate();
  const me = useMe();
  const other = otherOf(room, me.id);
  const [question, setQuestion] = useState<Question>(null);
  const [busy, setBusy] = useState<"accept" | Question>(null);
  const name = calm(room.title);
  const act = async (what: "accept" | "decline" | "block", work: () => Promise<void>) => {
    setBusy(what);
    try {
      await work();
      setQuestion(null);
      if (what !== "accept") await navigate({ to: "/chats" });
    } catch (error) {
      toast(problemText(problems, error), { tone: "danger" });
    } finally {
      setBusy(null);
    }
  };
  return (
    <section className="flex shrink-0 flex-col gap-3 border-t border-line bg-surface px-5 pt-4 pb-safe">
      <p className="text-small text-text-2">{t("requests.banner", { name })}</p>
      <div className="flex gap-2 pb-4">
        {other !== null && (
          <Button tone="danger-quiet" onClick={() => setQuestion("block")}>
            {t("details.block")}
          </Button>
        )}
        <Button className="flex-1" onClick={() => setQuestion("decline")}>
          {t("requests.decline")}
        </Button>
        <Button
          className="flex-1"
          tone="primary"
          busy={busy === "accept"}
          onClick={() => void act("accept", () => acceptRequest(room.id))}
        >
          {t("requests.accept")}
        </Button>
      </div>
      <Dialog
        open={question === "decline"}
        onOpenChange={() => setQuestion(null)}
        title={t("requests.decline_title")}
        body={t("requests.decline_body")}
        confirm={t("requests.decline")}
        busy={busy === "decline"}
        onConfirm={() => void act("decline", () => declineRequest(room.id))}
      />
      {other !== null && (
        <Dialog
          open={question === "block"}
          onOpenChange={() => setQuestion(null)}
          title={t("details.block_title", { name })}
          body={t("details.block_body")}
          confirm={t("details.block")}
          danger
          busy={busy === "block"}
          onConfirm={() => void act("block", () => block(other.id))}
        />
      )}
    </section>
  );
}
