import { useTranslation } from "react-i18next";
import { Avatar, Button, RowContent } from "@/design";
import { openPay } from "@/features/transfers";
import { formatAmount } from "@/lib/amount";
import { shortDay } from "@/lib/dates";
import type { Invitation } from "@/lib/wire";
import { useCancelInvitation, useInvitations } from "./queries";

/** Those I have invited and not paid yet. Whoever has come is paid from here. */
export function InvitedList() {
  const { t } = useTranslation("invitations");
  const { data } = useInvitations();
  const open = (data ?? []).filter(({ state }) => ["waiting", "ready", "paying"].includes(state));
  if (open.length === 0) return null;
  return (
    <section aria-label={t("list.title")} className="pb-3">
      <h2 className="px-5 py-2 text-small font-semibold text-text-3">{t("list.title")}</h2>
      <ul>
        {open.map((invitation) => (
          <Row key={invitation.id} invitation={invitation} />
        ))}
      </ul>
    </section>
  );
}

function Row({ invitation }: { invitation: Invitation }) {
  const { t, i18n } = useTranslation("invitations");
  const cancel = useCancelInvitation();
  const { person, amount } = invitation;
  const until = shortDay(i18n.language, invitation.expires_at);
  return (
    <li className="flex min-h-16 items-center gap-3 px-5 py-2" data-state={invitation.state}>
      <RowContent
        leading={
          <Avatar
            id={person?.id ?? invitation.id}
            name={person?.name ?? invitation.phone}
            picture={person?.picture_url ?? null}
          />
        }
        title={`${person?.name ?? invitation.phone} · ${formatAmount(amount)}`}
        subtitle={t(`state.${invitation.state}`, { until })}
        trailing={
          person !== null && invitation.state === "ready" ? (
            <Button
              tone="primary"
              onClick={() =>
                openPay({ person, pays: { amount, invitationId: invitation.id } })
              }
            >
              {t("list.pay")}
            </Button>
          ) : invitation.state === "waiting" ? (
            <Button busy={cancel.isPending} onClick={() => cancel.mutate(invitation.id)}>
              {t("list.cancel")}
            </Button>
          ) : null
        }
      />
    </li>
  );
}
