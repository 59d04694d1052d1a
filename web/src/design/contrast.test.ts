/**
 * Text is readable in both themes: WCAG 2.2 AA asks for a contrast of 4.5:1, and 3:1 for what marks a
 * control. Read from tokens.css itself, so that a new colour cannot slip through.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const css = readFileSync(join(import.meta.dirname, "tokens.css"), "utf8");

type Theme = 0 | 1;

const colours = new Map<string, readonly [string, string]>();
for (const [, name = "", value = ""] of css.matchAll(/--tt-([\w-]+):\s*([^;]+);/g)) {
  const pair = /^light-dark\((#\w{6}), (#\w{6})\)$/.exec(value);
  if (pair !== null) colours.set(name, [pair[1] ?? "", pair[2] ?? ""]);
  else if (/^#\w{6}$/.test(value)) colours.set(name, [value, value]);
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(front: string, back: string, theme: Theme): number {
  const [a, b] = [front, back].map((name) => {
    const pair = colours.get(name);
    if (pair === undefined) throw new Error(`no colour ${name}`);
    return luminance(pair[theme]);
  }) as [number, number];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const GROUNDS = ["canvas", "surface", "raised", "sunken", "hover"];
const PAIRS: readonly (readonly [string, string])[] = [
  ...["text", "text-2", "text-3"].flatMap((front) => GROUNDS.map((back) => [front, back] as const)),
  ...["accent-text", "danger"].flatMap((front) =>
    ["canvas", "surface", "raised", "sunken"].map((back) => [front, back] as const),
  ),
  ["on-accent", "accent"],
  ["on-accent", "accent-hover"],
  ["on-danger", "danger-fill"],
  ["accent-text", "accent-soft"],
  ["danger", "danger-soft"],
  ["warning", "warning-soft"],
  ["text", "accent-soft"],
  ["canvas", "text"],
];

test.each(PAIRS)("%s on %s can be read", (front, back) => {
  expect(contrast(front, back, 0), "light").toBeGreaterThanOrEqual(4.5);
  expect(contrast(front, back, 1), "dark").toBeGreaterThanOrEqual(4.5);
});

test.each(["accent", "line-strong", "danger"])("%s marks a control visibly", (front) => {
  for (const theme of [0, 1] as const) {
    expect(contrast(front, "surface", theme)).toBeGreaterThanOrEqual(3);
    expect(contrast(front, "canvas", theme)).toBeGreaterThanOrEqual(3);
  }
});
