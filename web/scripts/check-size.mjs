// Fails when the JavaScript a first visit must load (the entry and what it imports statically)
// is above the budget, compressed.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 180;
const manifest = JSON.parse(readFileSync("dist/.vite/manifest.json", "utf8"));
const seen = new Set();
const walk = (key) => {
  if (seen.has(key)) return;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) walk(next);
};
for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) walk(key);

let total = 0;
for (const key of seen) {
  const { file } = manifest[key];
  if (!file.endsWith(".js")) continue;
  const size = gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length;
  total += size;
  process.stdout.write(`${(size / 1000).toFixed(1).padStart(8)} kB  ${file}\n`);
}
process.stdout.write(`${(total / 1000).toFixed(1).padStart(8)} kB  initial JavaScript, budget ${BUDGET_KB} kB\n`);
if (total > BUDGET_KB * 1000) {
  process.stderr.write("Too large: load what the first screen does not need with a dynamic import.\n");
  process.exit(1);
}
