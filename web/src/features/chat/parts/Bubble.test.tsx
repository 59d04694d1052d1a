import { fireEvent, render, screen } from "@testing-library/react";
import { describe, expect, test, vi } from "vitest";
import { registerCard } from "../cards";
import { outbox } from "../chat";
import type { BubbleRow } from "../model/timeline";
import { Bubble } from "./Bubble";

const ROW: BubbleRow = {
  key: "mine:c",
  kind: "bubble",
  senderId: "me",
  mine: true,
  body: "안녕",
  at: "2026-03-04T03:00:10Z",
  message: null,
  outgoing: null,
  first: true,
  last: true,
  unreadBy: null,
};

const show = (some: Partial<BubbleRow>) =>
  render(<Bubble row={{ ...ROW, ...some }} roomId="r" sender={null} named={false} />);

describe("my message", () => {
  test("says how many have not read it, in a number and in words, and nothing when all have", () => {
    show({ unreadBy: 2 });
    expect(screen.getByText("2").getAttribute("aria-hidden")).toBe("true");
    expect(screen.getByText("2명이 아직 읽지 않음")).toBeDefined();
    show({ key: "mine:d", unreadBy: 0 });
    expect(screen.queryByText("0")).toBeNull();
  });

  test("on its way says whether it waits or is being sent", () => {
    show({ outgoing: { clientId: "c", delivery: { state: "queued" } } });
    expect(screen.getByRole("img", { name: "연결되면 보냅니다" })).toBeDefined();
    show({ key: "mine:d", outgoing: { clientId: "d", delivery: { state: "sending" } } });
    expect(screen.getByRole("img", { name: "보내는 중" })).toBeDefined();
  });

  test("that failed says why, and can be sent again or deleted", () => {
    const retry = vi.spyOn(outbox, "retry").mockReturnValue();
    const discard = vi.spyOn(outbox, "discard").mockReturnValue();
    show({ outgoing: { clientId: "c", delivery: { state: "failed", code: "blocked" } } });
    expect(screen.getByRole("alert").textContent).toContain("이 상대에게는 메시지를 보낼 수 없습니다.");
    fireEvent.click(screen.getByRole("button", { name: "다시 보내기" }));
    fireEvent.click(screen.getByRole("button", { name: "지우기" }));
    expect(retry).toHaveBeenCalledWith("r", "c");
    expect(discard).toHaveBeenCalledWith("r", "c");
  });

  test("that failed for a reason we do not know says so, without the code", () => {
    show({ outgoing: { clientId: "c", delivery: { state: "failed", code: "toString" } } });
    expect(screen.getByRole("alert").textContent).toContain("서버가 받지 않았습니다.");
  });
});

describe("a link", () => {
  test("opens elsewhere, tells nothing of us, and shows where it leads", () => {
    show({ body: "봐 https://a.example/x?y=1." });
    const link = screen.getByRole<HTMLAnchorElement>("link");
    expect(link.href).toBe("https://a.example/x?y=1");
    expect(link.target).toBe("_blank");
    expect(link.rel.split(" ")).toEqual(expect.arrayContaining(["noopener", "noreferrer"]));
    expect(link.textContent).toBe("https://a.example/x?y=1");
  });

  test("with a script in it is text", () => {
    show({ body: "javascript:alert(1) <img src=x onerror=alert(1)>" });
    expect(screen.queryByRole("link")).toBeNull();
    expect(document.querySelector("img")).toBeNull();
    expect(screen.getByText("javascript:alert(1) <img src=x onerror=alert(1)>")).toBeDefined();
  });
});

describe("a card", () => {
  const message = {
    id: "m",
    room_id: "r",
    seq: 1,
    sender_id: "me",
    client_id: "c",
    kind: "transfer",
    body: "5 XRP",
    ref: null,
    card: null,
    created_at: ROW.at,
  } as const;

  test("of a kind nobody knows says so instead of breaking the room", () => {
    show({ message: { ...message, kind: "poll" as "text" } });
    expect(screen.getByText(/볼 수 없는 메시지/)).toBeDefined();
  });

  test("is drawn by whoever owns its kind", () => {
    registerCard("transfer", ({ mine }) => <p>{mine ? "my money" : "their money"}</p>);
    show({ message });
    expect(screen.getByText("my money")).toBeDefined();
  });
});
