import { toast } from "@/design";
import { i18n } from "@/i18n";
import { userEvents } from "@/lib/events";
import { queryClient } from "@/lib/query";
import { webhookKeys } from "./webhook-keys";

/** Say that a webhook was turned off: its owner did not do it. */
export function listenToMore(): () => void {
  return userEvents.on("webhook.disabled", ({ webhook }) => {
    void queryClient.invalidateQueries({ queryKey: webhookKeys.webhooks });
    const name = webhook.description === "" ? new URL(webhook.url).host : webhook.description;
    toast(i18n.t("common:webhook_off", { name }), { tone: "danger" });
  });
}
