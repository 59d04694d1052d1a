import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, Sheet, TextField } from "@/design";
import { problemText } from "@/lib/problem";
import type { Scope } from "@/lib/wire";
import { useMakeToken } from "../developer-queries";
import { Checks } from "./Checks";
import { Choices } from "./Choices";

const SCOPES: readonly Scope[] = ["read", "drafts", "webhooks"];
const EXPIRIES = ["30", "90", "365", "never"] as const;
type Expiry = (typeof EXPIRIES)[number];

interface TokenSheetProps {
  open: boolean;
  onClose: () => void;
  onMade: (secret: string) => void;
}

/** What a new access token is for, what it may do, and for how long. */
export function TokenSheet({ open, onClose, onMade }: TokenSheetProps) {
  const { t } = useTranslation("developers");
  return (
    <Sheet open={open} onOpenChange={onClose} title={t("tokens.make")}>
      {open && <TokenForm onClose={onClose} onMade={onMade} />}
    </Sheet>
  );
}

function TokenForm({ onClose, onMade }: Omit<TokenSheetProps, "open">) {
  const { t } = useTranslation("developers");
  const { t: problems } = useTranslation("problems");
  const make = useMakeToken();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["read"]);
  const [expiry, setExpiry] = useState<Expiry>("90");
  return (
    <form
      className="flex flex-col gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        const days = expiry === "never" ? null : Number(expiry);
        make.mutate(
          { name, scopes, expires_in_days: days },
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
        label={t("tokens.name")}
        hint={t("tokens.name_hint")}
        error={make.isError ? problemText(problems, make.error) : undefined}
        maxLength={60}
        autoFocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Checks
        legend={t("tokens.scopes")}
        choices={SCOPES.map((value) => ({ value, text: t(`scope.${value}`) }))}
        chosen={scopes}
        onChange={setScopes}
      />
      <div>
        <p className="pb-1 text-small font-medium text-text-2">{t("tokens.expiry")}</p>
        <div className="overflow-hidden rounded-card border border-line">
          <Choices
            label={t("tokens.expiry")}
            value={expiry}
            choices={EXPIRIES.map((value) => ({
              value,
              text: value === "never" ? t("tokens.never") : t("tokens.days", { count: Number(value) }),
            }))}
            onChange={setExpiry}
          />
        </div>
      </div>
      <Button
        type="submit"
        size="large"
        tone="primary"
        wide
        busy={make.isPending}
        disabled={name.trim() === "" || scopes.length === 0}
      >
        {t("tokens.make_do")}
      </Button>
    </form>
  );
}
