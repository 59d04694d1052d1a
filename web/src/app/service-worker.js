/*
 * Keeps the app's own files, so that it opens without a network. Nothing the server answers under
 * /api is ever kept: messages and balances are the server's to say.
 *
 * One cache per version. The build writes the version and the list of files (vite.config.ts).
 * Built files carry their hash in their name and never change: cache first. Pages: network first
 * for three seconds, then the kept shell.
 */
const CACHE = "talktalk-__VERSION__";
const FILES = __FILES__;
const SHELL = "/index.html";
const PAGE_WAIT_MS = 3000;
/** Paths that the server answers itself. */
const SERVERS = /^\/(api|dev|docs|lan|healthz|readyz|metrics|openapi\.json|asyncapi\.json)(\/|$)/;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(CACHE).then(async (cache) => {
      await cache.addAll([SHELL, "/before-paint.js", "/manifest.webmanifest", "/icons/icon.svg"]);
      await cache.addAll(FILES);
    }),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then(async (names) => {
      const old = names.filter((name) => name.startsWith("talktalk-") && name !== CACHE);
      await Promise.all(old.map((name) => caches.delete(name)));
      await self.clients.claim();
    }),
  );
});

self.addEventListener("message", (event) => {
  if (event.data === "apply") self.skipWaiting();
});

async function page(request) {
  const patience = AbortSignal.timeout(PAGE_WAIT_MS);
  try {
    return await fetch(request.url, { signal: patience, credentials: "same-origin" });
  } catch {
    return (await caches.match(SHELL)) ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (SERVERS.test(url.pathname)) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
});
