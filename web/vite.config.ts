/// <reference types="vitest/config" />
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const server = process.env.TALKTALK_DEV_SERVER ?? "http://127.0.0.1:8080";

/**
 * Writes `sw.js` beside the built app: `src/app/service-worker.js` with the list of every built
 * file, and a version that changes whenever one of them does.
 */
function serviceWorker(): Plugin {
  const source = fileURLToPath(new URL("./src/app/service-worker.js", import.meta.url));
  return {
    name: "talktalk-service-worker",
    apply: "build",
    generateBundle(_, bundle) {
      const files = Object.keys(bundle)
        .filter((name) => !name.endsWith(".map") && name !== "index.html")
        .map((name) => `/${name}`)
        .sort();
      const text = readFileSync(source, "utf8");
      const version = createHash("sha256").update(text).update(files.join("\n")).digest("hex");
      this.emitFile({
        type: "asset",
        fileName: "sw.js",
        source: text
          .replaceAll("__VERSION__", version.slice(0, 16))
          .replace("__FILES__", JSON.stringify(files)),
      });
    },
  };
}

/** Writes a Brotli and a gzip copy beside every built text file; the server sends what is taken. */
function compressed(): Plugin {
  return {
    name: "talktalk-compressed",
    apply: "build",
    async writeBundle(options, bundle) {
      const folder = options.dir ?? "dist";
      const texts = Object.keys(bundle).filter((name) => /\.(js|css|html|svg|webmanifest)$/.test(name));
      await Promise.all(
        texts.map(async (name) => {
          const bytes = await readFile(join(folder, name));
          await writeFile(join(folder, `${name}.br`), brotliCompressSync(bytes));
          await writeFile(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
        }),
      );
    },
  };
}

export default defineConfig({
  plugins: [react(), tailwindcss(), serviceWorker(), compressed()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: ["chrome123", "safari17.5", "firefox121"],
    cssTarget: ["chrome123", "safari17.5", "firefox121"],
    modulePreload: { polyfill: false },
    manifest: true,
    rolldownOptions: {
      output: {
        // What every screen needs travels as one file each, not as dozens of crumbs.
        codeSplitting: {
          groups: [
            {
              name: "vendor",
              test: /node_modules\/(react|react-dom|scheduler|react-i18next|i18next|clsx|@tanstack)\//,
              priority: 2,
            },
            {
              // Sheets and dialogs come with the first screen that has one.
              name: "overlay",
              test: /node_modules\/(@radix-ui\/react-(alert-dialog|dialog|focus-)|react-remove-scroll|react-style-singleton|use-sidecar|use-callback-ref|aria-hidden)/,
              priority: 2,
            },
            {
              name: "shared",
              test: /\/src\/(lib|i18n)\/|\/src\/design\/(?!Sheet|Dialog|Menu|Toast\.)|lucide-react/,
              minShareCount: 6,
              priority: 1,
            },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      "/api": { target: server, ws: true },
      "/dev": { target: server },
    },
  },
  test: {
    environment: "happy-dom",
    setupFiles: ["./src/testing/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});
