/** What stands where a screen cannot: it is on its way, it failed, it does not exist. */
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { CloudOff, Compass } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Button, EmptyState, Spinner } from "@/design";
import { isProblem, problemText } from "@/lib/problem";

export function PendingScreen() {
  return <Spinner className="h-full min-h-60" />;
}

export function CrashScreen({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  const { t: problems } = useTranslation("problems");
  const router = useRouter();
  const again = () => {
    reset();
    void router.invalidate();
  };
  // A screen that failed because we were away tries again by itself.
  useEffect(() => {
    window.addEventListener("online", again);
    return () => window.removeEventListener("online", again);
  });
  return (
    <div role="alert" className="h-full">
      <EmptyState
        icon={<CloudOff size={28} />}
        title={t("error.title")}
        body={isProblem(error) ? problemText(problems, error) : t("error.body")}
        action={
          <>
            <Button tone="primary" onClick={again}>
              {t("action.retry")}
            </Button>
            <Button onClick={() => window.location.reload()}>{t("action.reload")}</Button>
          </>
        }
      />
    </div>
  );
}

export function MissingScreen() {
  const { t } = useTranslation();
  return (
    <EmptyState
      icon={<Compass size={28} />}
      title={t("missing.title")}
      body={t("missing.body")}
      action={
        <Link
          to="/chats"
          className="inline-flex min-h-11 items-center rounded-field bg-accent px-4 font-semibold text-on-accent"
        >
          {t("missing.home")}
        </Link>
      }
    />
  );
}
