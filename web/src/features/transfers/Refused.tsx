import { ShieldAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Banner, Button } from "@/design";
import type { Difference } from "./decode";

/** The bytes say something else than what was asked: nothing can be approved. */
export function Refused({ differences, onClose }: { differences: Difference[]; onClose: () => void }) {
  const { t } = useTranslation("transfers");
  return (
    <div className="flex flex-col gap-4">
      <Banner tone="danger" icon={<ShieldAlert size={22} />} role="alert">
        {t("refused.body")}
      </Banner>
      <ul className="list-disc pl-6 text-body">
        {differences.map((difference) => (
          <li key={difference}>{t(`refused.differences.${difference}`)}</li>
        ))}
      </ul>
      <Button size="large" wide onClick={onClose}>
        {t("refused.close")}
      </Button>
    </div>
  );
}
