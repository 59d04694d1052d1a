import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/design";
import { looksComplete, type Region } from "@/lib/phone";
import { problemText } from "@/lib/problem";
import { Question } from "./Frame";
import { PhoneField } from "./PhoneField";

interface NumberStepFormProps {
  typed: string;
  region: Region;
  onTyped: (typed: string) => void;
  onRegion: (region: Region) => void;
  onSubmit: () => void;
  busy: boolean;
  error: unknown;
}

export function NumberStepForm({
  typed,
  region,
  onTyped,
  onRegion,
  onSubmit,
  busy,
  error,
}: NumberStepFormProps) {
  const { t } = useTranslation("identity");
  const { t: problems } = useTranslation("problems");
  const [incomplete, setIncomplete] = useState(false);
  // What was wrong is forgotten as soon as the number changes.
  const [refused, setRefused] = useState<string | null>(null);
  const message = incomplete
    ? t("number.incomplete")
    : error !== null && refused === typed
      ? problemText(problems, error)
      : undefined;
  return (
    <form
      noValidate
      className="flex flex-1 flex-col"
      onSubmit={(event) => {
        event.preventDefault();
        const complete = looksComplete(typed, region);
        setIncomplete(!complete);
        setRefused(typed);
        if (complete) onSubmit();
      }}
    >
      <Question title={t("number.title")} body={t("number.body")} />
      <PhoneField
        label={t("number.label")}
        value={typed}
        region={region}
        onChange={(value) => {
          setIncomplete(false);
          onTyped(value);
        }}
        onRegionChange={onRegion}
        error={message}
        hint={t("number.privacy")}
        autoFocus
      />
      <div className="mt-auto pt-8">
        <Button type="submit" tone="primary" size="large" wide busy={busy}>
          {t("number.send")}
        </Button>
      </div>
    </form>
  );
}
