import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Banner, Button, TextField, toast } from "@/design";
import { PhoneField } from "@/features/identity/phone-field";
import { AmountPad } from "@/features/transfers";
import { compare, typedDecimal } from "@/lib/amount";
import { guessRegion, looksComplete, type Region } from "@/lib/phone";
import { problemText } from "@/lib/problem";
import { useInvite } from "./queries";

const NOTE_LENGTH_MAX = 200;

/** Whom and how much: the number gets a message, and nothing moves until they are here and I approve. */
export function InviteForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation("invitations");
  const { t: problems } = useTranslation("problems");
  const [phone, setPhone] = useState("");
  const [region, setRegion] = useState<Region>(() => guessRegion());
  const [value, setValue] = useState("");
  const [note, setNote] = useState("");
  const key = useRef({ input: "", key: "" });
  const invite = useInvite();
  const amount = typedDecimal(value);
  const ready = looksComplete(phone, region) && amount !== null && compare(amount, "0") > 0;
  const send = () => {
    if (!ready) return;
    const ask = { phone, region, amount: { value: amount, asset: "XRP" }, note: note.trim() };
    const input = JSON.stringify(ask);
    if (key.current.input !== input) key.current = { input, key: crypto.randomUUID() };
    invite.mutate(
      { ask, idempotencyKey: key.current.key },
      {
        onSuccess: (made) => {
          toast(t(made.message === "not_sent" ? "sent.not_sent" : "sent.handed_over"));
          onDone();
        },
      },
    );
  };
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <PhoneField
        label={t("phone")}
        value={phone}
        region={region}
        onChange={setPhone}
        onRegionChange={setRegion}
      />
      <AmountPad label={t("amount")} value={value} onChange={setValue} invalid={false} />
      <TextField
        label={t("note")}
        value={note}
        maxLength={NOTE_LENGTH_MAX}
        placeholder={t("note_placeholder")}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <p className="text-small text-text-3">{t("explained")}</p>
      {invite.error !== null && (
        <Banner tone="danger" role="alert">
          {problemText(problems, invite.error)}
        </Banner>
      )}
      <Button type="submit" tone="primary" size="large" wide disabled={!ready} busy={invite.isPending}>
        {t("invite")}
      </Button>
    </form>
  );
}
