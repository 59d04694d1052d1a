import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { useTranslation } from "react-i18next";
import { router } from "@/app/router";
import { watchServiceWorker } from "@/app/update";
import { toast } from "@/design";
import { ToastHost } from "@/design/ToastHost";
import { forgetSession, meQuery } from "@/features/identity";
import { i18n, startI18n } from "@/i18n";
import { onSessionLost } from "@/lib/api";
import { queryClient } from "@/lib/query";
import "@/design/app.css";

function App() {
  const { t } = useTranslation();
  return (
    <>
      <RouterProvider router={router} />
      <ToastHost label={t("app")} />
    </>
  );
}

/** Whoever is signed out elsewhere lands on the sign-in, and comes back to where they were. */
function toSignIn(): void {
  // Where nobody was signed in yet, the route's own guard leads there.
  if (queryClient.getQueryData(meQuery.queryKey) === undefined) return;
  forgetSession(queryClient);
  toast(i18n.t("codes.not_signed_in", { ns: "problems" }));
  const { href } = router.state.location;
  void router.navigate({ to: "/signin", search: { next: href }, replace: true });
}

const container = document.getElementById("root");
if (container === null) throw new Error("index.html has no #root");

onSessionLost(toSignIn);
await startI18n();
createRoot(container).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
watchServiceWorker();
