import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, TextField } from "@/design";
import { assetFrom } from "./token-names";

/** A token nobody here vouches for, named by its code and its issuer: the code alone names nothing. */
export function AddByIssuer({ onNamed }: { onNamed: (asset: string) => void }) {
  const { t } = useTranslation("assets");
  const [code, setCode] = useState("");
  const [issuer, setIssuer] = useState("");
  const asset = assetFrom(code, issuer);
  const wrong = code.trim() !== "" && issuer.trim() !== "" && asset === null;
  return (
    <form
      aria-label={t("by_issuer.title")}
      className="flex flex-col gap-4 px-5 pt-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (asset !== null) onNamed(asset);
      }}
    >
      <h2 className="text-small font-semibold text-text-3">{t("by_issuer.title")}</h2>
      <TextField
        label={t("by_issuer.code")}
        hint={t("by_issuer.code_hint")}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
      />
      <TextField
        label={t("by_issuer.issuer")}
        value={issuer}
        onChange={(event) => setIssuer(event.currentTarget.value)}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        error={wrong ? t("by_issuer.wrong") : undefined}
      />
      <Button type="submit" wide disabled={asset === null}>
        {t("by_issuer.look")}
      </Button>
    </form>
  );
}
