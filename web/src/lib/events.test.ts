import { expect, test, vi } from "vitest";
import { Emitter } from "./events";

const person = { user_id: "u", online: true, last_seen_at: null };

test("listeners hear their own kind until they stop", () => {
  const emitter = new Emitter();
  const heard = vi.fn();
  const stop = emitter.on("presence", heard);
  emitter.emit("presence", person);
  emitter.emit("friend.removed", { user_id: "u" });
  stop();
  emitter.emit("presence", person);
  expect(heard).toHaveBeenCalledExactlyOnceWith(person);
});

test("a listener that throws is reported and stops nobody else", () => {
  const reported = vi.fn();
  vi.stubGlobal("reportError", reported);
  const emitter = new Emitter();
  const heard = vi.fn();
  const error = new Error("broken");
  emitter.on("presence", () => {
    throw error;
  });
  emitter.on("presence", heard);
  emitter.emit("presence", person);
  expect(heard).toHaveBeenCalledOnce();
  expect(reported).toHaveBeenCalledWith(error);
  vi.unstubAllGlobals();
});
