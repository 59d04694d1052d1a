import { toast } from "@/design";
import { i18n } from "@/i18n";
import { formatAmount } from "@/lib/amount";
import { shortAddress } from "@/lib/address";
import { userEvents } from "@/lib/events";
import type { Schedule } from "@/lib/wire";
import { refreshSchedules } from "./queries";

/** Keep the list fresh, and say what comes and what is due wherever the person is. */
export function listenToSchedules(): () => void {
  const stops = [
    userEvents.on("schedule.turned", () => void refreshSchedules()),
    userEvents.on("schedule.noticed", ({ schedule }) => void say("noticed", schedule)),
    userEvents.on("schedule.asked", ({ schedule }) => void say("asked", schedule)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

async function say(what: "noticed" | "asked", schedule: Schedule): Promise<void> {
  await Promise.all([refreshSchedules(), i18n.loadNamespaces("schedules")]);
  const name = schedule.payee?.name ?? shortAddress(schedule.address ?? "");
  toast(i18n.t(`schedules:toast.${what}`, { name, amount: formatAmount(schedule.amount) }));
}
