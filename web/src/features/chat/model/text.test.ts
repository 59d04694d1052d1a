import { describe, expect, test } from "vitest";
import { calm, emojiCount, lengthOf, partsOf, sendable } from "./text";

const links = (text: string) => partsOf(text).flatMap((part) => (part.kind === "link" ? [part.text] : []));
const whole = (text: string) => partsOf(text).map((part) => part.text).join("");

describe("links", () => {
  test.each([
    ["see https://a.example/x, or not", ["https://a.example/x"]],
    ["(https://a.example/x)", ["https://a.example/x"]],
    ["https://a.example/wiki/Seoul_(city).", ["https://a.example/wiki/Seoul_(city)"]],
    ["http://a.example와 https://b.example/길?q=1&r=2#끝", ["http://a.example와", "https://b.example/길?q=1&r=2#끝"]],
    ["HTTPS://A.EXAMPLE/", ["HTTPS://A.EXAMPLE/"]],
    ["http://localhost:8080/x", ["http://localhost:8080/x"]],
  ])("%s", (text, expected) => {
    expect(links(text)).toEqual(expected);
    expect(whole(text)).toBe(text);
  });

  test.each([
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "ftp://a.example/",
    "https://bank.example@evil.example/",
    "https://user:secret@evil.example/",
    "http://nothing",
    "https://",
  ])("%s leads nowhere", (text) => {
    expect(links(text)).toEqual([]);
    expect(whole(text)).toBe(text);
  });

  test("a link leads to exactly what it shows, apart from how addresses are written", () => {
    for (const part of partsOf("https://xn--oi2b61z32a.example/%ED%95%9C?a=1 https://a.example")) {
      if (part.kind === "link") expect(new URL(part.text).href).toBe(part.href);
    }
  });
});

describe("text that tries to rearrange its surroundings", () => {
  test("loses direction overrides and isolates, and keeps real right-to-left writing", () => {
    expect(calm("invoice\u202Egpj.exe")).toBe("invoicegpj.exe");
    expect(calm("\u2067a\u2069\u202Ab\u202C")).toBe("ab");
    expect(calm("שלום עולם")).toBe("שלום עולם");
  });

  test("cannot stack marks over other lines, and keeps those that scripts use", () => {
    expect(calm(`a${"\u0301".repeat(100_000)}`).length).toBe(9);
    expect(calm("이\u0301")).toBe("이\u0301");
    expect(calm("नमस्ते")).toBe("नमस्ते");
  });

  test("a link hidden behind an override shows as it is", () => {
    expect(links("https://a.example/\u202Egpj.exe")).toEqual(["https://a.example/gpj.exe"]);
  });
});

describe("what is sent", () => {
  test("is trimmed, keeps lines, and has nothing that cannot be stored", () => {
    expect(sendable("  a\r\nb\tc\n ")).toBe("a\nb\tc");
    expect(sendable("a\u0000b\u0007c")).toBe("abc");
    expect(sendable("half \ud83d here, whole 😀 there")).toBe("half \uFFFD here, whole 😀 there");
    expect(sendable(" \n\t ")).toBe("");
  });

  test("is counted as the server counts it", () => {
    for (const text of ["", "abc", "한글", "😀😀", "👩‍👩‍👧", "e\u0301"]) {
      expect(lengthOf(text)).toBe(Array.from(text).length);
    }
  });
});

describe("emoji alone", () => {
  test.each([
    ["😀", 1],
    ["👍🏽", 1],
    ["👩‍👩‍👧‍👦 ❤️", 2],
    ["🇰🇷", 1],
    ["1️⃣", 1],
    ["😀😀😀", 3],
    ["😀 ok", 0],
    ["1", 0],
    ["#", 0],
    ["ㅋㅋ", 0],
    ["", 0],
    ["😀😀😀😀😀😀😀", 0],
  ])("%s counts %i", (text, count) => {
    expect(emojiCount(text)).toBe(count);
  });
});
