/** Registers the service worker, and offers a new version when one is waiting. */
import { toast } from "@/design";
import { i18n } from "@/i18n";

function offer(worker: ServiceWorker): void {
  toast(i18n.t("update.ready"), {
    action: { label: i18n.t("update.apply"), run: () => worker.postMessage("apply") },
  });
}

export function watchServiceWorker(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const updating = navigator.serviceWorker.controller !== null;
  let reloaded = false;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    // The first worker takes over silently; a later one was asked for by the person.
    if (!updating || reloaded) return;
    reloaded = true;
    window.location.reload();
  });
  // A browser may refuse (private windows, an untrusted certificate); the app works without.
  navigator.serviceWorker
    .register("/sw.js")
    .then((registration) => {
      if (registration.waiting !== null) offer(registration.waiting);
      registration.addEventListener("updatefound", () => {
        const { installing } = registration;
        installing?.addEventListener("statechange", () => {
          if (installing.state === "installed" && navigator.serviceWorker.controller !== null) {
            offer(installing);
          }
        });
      });
    })
    .catch(() => undefined);
}
