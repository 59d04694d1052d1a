import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, Sheet, TextField } from "@/design";
import { problemText } from "@/lib/problem";
import { eventTypesQuery, useAddWebhook } from "../developer-queries";
import { familiesOf } from "../families";
import { Checks } from "./Checks";

interface WebhookSheetProps {
  open: boolean;
  onClose: () => void;
  onMade: (secret: string) => void;
}

/** Where to send what. */
export function WebhookSheet({ open, onClose, onMade }: WebhookSheetProps) {
  const { t } = useTranslation("developers");
  return (
    <Sheet open={open} onOpenChange={onClose} title={t("webhooks.add")}>
      {open && <WebhookForm onClose={onClose} onMade={onMade} />}
    </Sheet>
  );
}

function WebhookForm({ onClose, onMade }: Omit<WebhookSheetProps, "open">) {
  const { t } = useTranslation("developers");
  const { t: problems } = useTranslation("problems");
  const types = useQuery(eventTypesQuery);
  const add = useAddWebhook();
  const [url, setUrl] = useState("");
  const [description, setDescription] = useState("");
  const [chosen, setChosen] = useState<string[]>(["transfer.*", "wallet.*"]);
  const families = familiesOf(types.data ?? []);
  return (
    <form
      className="flex flex-col gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate(
          { url: url.trim(), description: description.trim(), event_types: chosen },
          {
            onSuccess: ({ secret }) => {
              onClose();
              onMade(secret);
            },
          },
        );
      }}
    >
      <TextField
        label={t("webhooks.url")}
        hint={t("webhooks.url_hint")}
        error={add.isError ? problemText(problems, add.error) : undefined}
        type="url"
        inputMode="url"
        autoFocus
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
      />
      <TextField
        label={t("webhooks.description")}
        maxLength={100}
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <Checks
        legend={t("webhooks.events")}
        choices={families.map((family) => ({
          value: `${family}.*`,
          // A family newer than these texts is shown by its name.
          text: t(`family.${family as "transfer"}`, { defaultValue: family }),
          hint: `${family}.*`,
        }))}
        chosen={chosen}
        onChange={setChosen}
      />
      <Button
        type="submit"
        size="large"
        tone="primary"
        wide
        busy={add.isPending}
        disabled={url.trim() === "" || chosen.length === 0}
      >
        {t("webhooks.add_do")}
      </Button>
    </form>
  );
}
