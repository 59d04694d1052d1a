import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, TextField, toast } from "@/design";
import { useMe, useSaveProfile } from "@/features/identity";
import { PictureField } from "@/features/identity/picture-field";
import { formatPhone } from "@/lib/phone";
import { problemText } from "@/lib/problem";
import { Page } from "../parts/Page";

const NAME_LENGTH_MAX = 40;

/** My name and picture. */
export function ProfileScreen() {
  const { t } = useTranslation("more");
  const { t: common } = useTranslation();
  const { t: problems } = useTranslation("problems");
  const me = useMe();
  const save = useSaveProfile();
  const [name, setName] = useState(me.name);
  const trimmed = name.trim();
  const saved = () => toast(t("profile.saved"));
  return (
    <Page title={t("profile.title")}>
      <form
        noValidate
        className="flex flex-col gap-6 pt-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (trimmed !== "") save.mutate({ name: trimmed }, { onSuccess: saved });
        }}
      >
        <PictureField
          id={me.id}
          name={me.name}
          picture={me.picture_url}
          onChange={(picture) => save.mutate({ picture }, { onSuccess: saved })}
        />
        <TextField
          label={t("profile.name")}
          autoComplete="name"
          maxLength={NAME_LENGTH_MAX}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={save.error === null ? undefined : problemText(problems, save.error)}
        />
        <dl className="flex flex-col gap-1">
          <dt className="text-small font-medium text-text-2">{t("profile.phone")}</dt>
          <dd className="figures text-body">{formatPhone(me.phone)}</dd>
          <dd className="text-small text-text-3">{t("profile.phone_hint")}</dd>
        </dl>
        <Button
          type="submit"
          tone="primary"
          size="large"
          wide
          busy={save.isPending}
          disabled={trimmed === "" || trimmed === me.name}
        >
          {common("action.save")}
        </Button>
      </form>
    </Page>
  );
}
