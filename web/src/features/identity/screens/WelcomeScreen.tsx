import { useNavigate, useSearch } from "@tanstack/react-router";
import { WalletMinimal } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Banner, Button, TextField } from "@/design";
import { problemText } from "@/lib/problem";
import { Frame, Question } from "../parts/Frame";
import { PictureField } from "../parts/PictureField";
import { currentLocale, useMe, useSaveProfile } from "../queries";

const NAME_LENGTH_MAX = 40;

/** First run: a name, perhaps a picture, one sentence about the wallet, and on. */
export function WelcomeScreen() {
  const { t } = useTranslation("identity");
  const { t: problems } = useTranslation("problems");
  const { next } = useSearch({ from: "/welcome" });
  const navigate = useNavigate();
  const me = useMe();
  const [name, setName] = useState(me.name);
  const [picture, setPicture] = useState<Blob | null>(null);
  const save = useSaveProfile();
  const trimmed = name.trim();

  return (
    <Frame>
      <form
        noValidate
        className="flex flex-1 flex-col"
        onSubmit={(event) => {
          event.preventDefault();
          if (trimmed === "") return;
          save.mutate(
            { name: trimmed, locale: currentLocale(), ...(picture === null ? {} : { picture }) },
            {
              onSuccess: () => {
                void navigate({ to: next ?? "/friends", replace: true });
              },
            },
          );
        }}
      >
        <Question title={t("welcome.title")} body={t("welcome.body")} />
        <div className="flex flex-col gap-6">
          <PictureField id={me.id} name={trimmed} picture={picture} onChange={setPicture} />
          <TextField
            label={t("welcome.name")}
            autoComplete="name"
            autoFocus
            enterKeyHint="done"
            maxLength={NAME_LENGTH_MAX}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            hint={t("welcome.name_hint")}
            error={save.error === null ? undefined : problemText(problems, save.error)}
          />
        </div>
        <div className="mt-auto flex flex-col gap-4 pt-8">
          <Banner tone="accent" icon={<WalletMinimal size={20} />}>
            {t("welcome.wallet")}
          </Banner>
          <Button
            type="submit"
            tone="primary"
            size="large"
            wide
            busy={save.isPending}
            disabled={trimmed === ""}
          >
            {t("welcome.start")}
          </Button>
        </div>
      </form>
    </Frame>
  );
}
