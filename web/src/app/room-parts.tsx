/** What money puts into a room: the cards of transfers and requests, and the buttons beside the text field. */
import { HandCoins, Split } from "lucide-react";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { type ComposerActionProps, registerCard, registerComposerAction } from "@/features/chat";
import { useMe } from "@/features/identity";
import { openAsk } from "@/features/requests";
import { openPay } from "@/features/transfers";
import { IconButton } from "@/design";

// By its own path: what index.ts gives statically could not be loaded later.
const TransferCard = lazy(async () => ({
  default: (await import("@/features/transfers/TransferCard")).TransferCard,
}));

const RequestCard = lazy(async () => ({
  default: (await import("@/features/requests/RequestCard")).RequestCard,
}));

function PayAction({ room }: ComposerActionProps) {
  const { t } = useTranslation("transfers");
  const me = useMe();
  const payee = room.members.find(({ person }) => person.id !== me.id)?.person;
  if (room.kind !== "direct" || payee === undefined) return null;
  return (
    <IconButton
      label={t("title")}
      tone="soft"
      onClick={() => openPay({ person: payee, roomId: room.id })}
    >
      <HandCoins size={22} aria-hidden="true" />
    </IconButton>
  );
}

function AskAction({ room }: ComposerActionProps) {
  const { t } = useTranslation("requests");
  return (
    <IconButton label={t("title")} tone="soft" onClick={() => openAsk({ room })}>
      <Split size={22} aria-hidden="true" />
    </IconButton>
  );
}

/** Put them there; once, before the first room is shown. */
export function fillRooms(): void {
  registerCard("transfer", TransferCard);
  registerCard("request", RequestCard);
  registerComposerAction(PayAction);
  registerComposerAction(AskAction);
}
