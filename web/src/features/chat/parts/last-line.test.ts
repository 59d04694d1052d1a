import i18next from "i18next";
import { describe, expect, test } from "vitest";
import type * as W from "@/lib/wire";
import { lastLine } from "./last-line";

const person = (id: string, name: string): W.Member => ({
  person: { id, name, picture_url: null },
  read_seq: 0,
  joined_seq: 0,
});

const ROOM: W.Room = {
  id: "r",
  kind: "direct",
  title: "Mina",
  members: [person("me", "Juno"), person("mina", "Mina")],
  folder: "main",
  head_seq: 1,
  read_seq: 0,
  unread: 0,
  last_message: null,
  can_write: true,
  created_at: "2026-01-01T00:00:00Z",
};

function message(sender: string, some: Partial<W.Message>): W.Message {
  return {
    id: "m",
    room_id: "r",
    seq: 1,
    sender_id: sender,
    client_id: "client-1",
    kind: "text",
    body: "",
    ref: null,
    card: null,
    created_at: "2026-01-01T00:00:00Z",
    ...some,
  };
}

const money = (sender: string, state: string): W.Message =>
  message(sender, {
    kind: "transfer",
    body: "5 XRP",
    card: { state, amount: { value: "5", asset: "XRP" } } as unknown as NonNullable<W.Message["card"]>,
  });

const line = (lng: "ko" | "en", last: W.Message) => lastLine(i18next.getFixedT(lng, "chat"), ROOM, last, "me");

describe("the last line of a room", () => {
  test("tells money as a sentence, from where I stand", () => {
    expect(line("ko", money("mina", "settled"))).toBe("Mina님이 5 XRP를 보냈어요");
    expect(line("en", money("mina", "settled"))).toBe("Mina sent you 5 XRP");
    expect(line("en", money("me", "settled"))).toBe("You sent Mina 5 XRP");
  });

  test("never says that money has moved before it has, or that it has when it has not", () => {
    for (const state of ["drafted", "signing", "signed", "submitted"]) {
      expect(line("en", money("me", state))).toBe("Sending 5 XRP");
      expect(line("en", money("mina", state))).toBe("Mina is sending you 5 XRP");
    }
    for (const state of ["failed", "expired", "cancelled"]) {
      expect(line("en", money("mina", state))).toBe("5 XRP was not sent");
    }
  });

  test("falls back to the words of a card it cannot read", () => {
    expect(line("en", message("mina", { kind: "transfer", body: "in words", card: null }))).toBe("in words");
  });

  test("is one line, marks what is mine, and cannot rearrange the list", () => {
    expect(line("ko", message("me", { body: "가\n\n나" }))).toBe("나: 가 나");
    expect(line("en", message("mina", { body: "a\u202Egpj.exe" }))).toBe("agpj.exe");
  });
});
