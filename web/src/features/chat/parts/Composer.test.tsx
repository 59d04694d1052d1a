import { fireEvent, render, screen } from "@testing-library/react";
import { createRef } from "react";
import { beforeEach, describe, expect, type MockInstance, test, vi } from "vitest";
import type * as W from "@/lib/wire";
import { drafts, outbox } from "../chat";
import { Composer, type ComposerHandle } from "./Composer";

const ROOM = { id: "r", kind: "direct", members: [] } as unknown as W.Room;

const onSent = vi.fn();
const onEscape = vi.fn();
let add: MockInstance<typeof outbox.add>;

beforeEach(async () => {
  add = vi.spyOn(outbox, "add").mockImplementation(() => ({}) as ReturnType<typeof outbox.add>);
  onSent.mockClear();
  onEscape.mockClear();
  await drafts.open("me");
  drafts.set("r", "");
  render(<Composer room={ROOM} onSent={onSent} onEscape={onEscape} ref={createRef<ComposerHandle>()} />);
});

const field = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: "메시지 입력" });
const button = () => screen.getByRole<HTMLButtonElement>("button", { name: "보내기" });
const write = (value: string) => fireEvent.change(field(), { target: { value } });
const sent = () => add.mock.calls.map(([, body]) => body);

describe("Enter", () => {
  test("sends what was written, once, and empties the field", () => {
    write("  안녕 ");
    fireEvent.keyDown(field(), { key: "Enter" });
    fireEvent.keyDown(field(), { key: "Enter" });
    expect(sent()).toEqual(["안녕"]);
    expect(field().value).toBe("");
    expect(onSent).toHaveBeenCalledOnce();
  });

  test("with Shift is a line of its own", () => {
    write("안녕");
    expect(fireEvent.keyDown(field(), { key: "Enter", shiftKey: true })).toBe(true);
    expect(sent()).toEqual([]);
  });

  test("belongs to the input method while a syllable is being composed", () => {
    write("안녀");
    fireEvent.compositionStart(field());
    fireEvent.keyDown(field(), { key: "Enter", isComposing: true });
    // Safari has ended the composition by then, and says so only by 229.
    fireEvent.keyDown(field(), { key: "Enter", keyCode: 229 });
    expect(sent()).toEqual([]);
    write("안녕");
    fireEvent.compositionEnd(field());
    fireEvent.keyDown(field(), { key: "Enter" });
    expect(sent()).toEqual(["안녕"]);
  });

  test("sends nothing that is blank", () => {
    write(" \n\t ");
    fireEvent.keyDown(field(), { key: "Enter" });
    expect(sent()).toEqual([]);
    expect(button().disabled).toBe(true);
  });
});

describe("the limit", () => {
  test("is counted as the server counts it, and said when it comes near", () => {
    write("😀".repeat(8_000));
    expect(screen.getByRole("status").textContent).toBe("0자 남음");
    expect(button().disabled).toBe(false);
    write("😀".repeat(8_001));
    expect(screen.getByRole("status").textContent).toBe("1자 넘음");
    fireEvent.keyDown(field(), { key: "Enter" });
    expect(sent()).toEqual([]);
  });
});

test("Escape leaves the room only when nothing would be lost from sight", () => {
  write("half a thought");
  fireEvent.keyDown(field(), { key: "Escape" });
  expect(onEscape).not.toHaveBeenCalled();
  write("");
  fireEvent.keyDown(field(), { key: "Escape" });
  expect(onEscape).toHaveBeenCalledOnce();
});

test("the draft stays with the room", () => {
  write("later");
  expect(drafts.of("r")).toBe("later");
  expect(drafts.of("another")).toBe("");
});
