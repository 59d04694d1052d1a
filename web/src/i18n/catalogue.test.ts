/** Both languages say the same things: the same files, keys and placeholders. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

type Texts = Record<string, unknown>;
const files = import.meta.glob<Texts>("./{ko,en}/*.json", { eager: true, import: "default" });

/** Flat keys to texts; plural endings are taken off, since languages count differently. */
function flat(texts: Texts, prefix = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value === "string") found.set(prefix + key.replace(/_(one|other)$/, ""), value);
    else for (const [k, v] of flat(value as Texts, `${prefix}${key}.`)) found.set(k, v);
  }
  return found;
}

const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, n]) => n).sort();
const names = Object.keys(files)
  .filter((path) => path.startsWith("./ko/"))
  .map((path) => path.slice("./ko/".length));

test.each(names)("%s says the same in both languages", (name) => {
  const ko = flat(files[`./ko/${name}`] ?? {});
  const en = flat(files[`./en/${name}`] ?? {});
  expect([...ko.keys()].sort()).toEqual([...en.keys()].sort());
  for (const [key, text] of ko) {
    expect(text.trim(), key).not.toBe("");
    expect([...new Set(placeholders(text))], key).toEqual([...new Set(placeholders(en.get(key) ?? ""))]);
  }
});

test("problems are never shouted", () => {
  for (const [path, texts] of Object.entries(files)) {
    if (!path.endsWith("problems.json")) continue;
    for (const [key, text] of flat(texts)) expect(text, key).not.toContain("!");
  }
});

test("every problem the server can name has words", () => {
  const server = join(import.meta.dirname, "../../../src/talktalk");
  const modules = readdirSync(server, { recursive: true, encoding: "utf8" });
  const named = modules.filter((path) => path.endsWith(".py")).flatMap((path) => {
    const source = readFileSync(join(server, path), "utf8");
    return [...source.matchAll(/^ +(?:status, )?code, title = (?:\d+, )?"(\w+)"/gm)].map(
      ([, code = ""]) => code,
    );
  });
  expect(named.length).toBeGreaterThan(20);
  const said = flat(files["./ko/problems.json"] ?? {});
  expect(named.filter((code) => !said.has(`codes.${code}`))).toEqual([]);
});
