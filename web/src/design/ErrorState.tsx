import { CloudOff } from "lucide-react";
import { useTranslation } from "react-i18next";
import { problemText } from "@/lib/problem";
import { Button } from "./Button";
import { EmptyState } from "./EmptyState";

/** Something could not be loaded: why, and the way to try again. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation(["common", "problems"]);
  const { t: problems } = useTranslation("problems");
  return (
    <div role="alert">
      <EmptyState
        icon={<CloudOff size={28} />}
        title={t("error.load")}
        body={problemText(problems, error)}
        action={
          onRetry !== undefined && <Button onClick={onRetry}>{t("action.retry")}</Button>
        }
      />
    </div>
  );
}
