import { expect, test } from "vitest";
import { centred, clamped, dragged, sideOf } from "./crop";

const WIDE = { width: 1000, height: 400 };

test("the first crop is the largest square in the middle", () => {
  expect(centred(WIDE)).toEqual({ x: 500, y: 200, zoom: 1 });
  expect(sideOf(WIDE, centred(WIDE))).toBe(400);
});

test("no drag leaves the picture", () => {
  const far = dragged(WIDE, centred(WIDE), 10_000, 10_000, 200);
  expect(far).toEqual({ x: 200, y: 200, zoom: 1 });
  expect(dragged(WIDE, centred(WIDE), -10_000, 0, 200)).toEqual({ x: 800, y: 200, zoom: 1 });
});

test("a drag moves the picture with the finger, at any zoom", () => {
  const zoomed = { x: 500, y: 200, zoom: 2 };
  expect(dragged(WIDE, zoomed, 50, 0, 200)).toEqual({ x: 450, y: 200, zoom: 2 });
});

test("zooming out at an edge comes back inside", () => {
  expect(clamped(WIDE, { x: 60, y: 60, zoom: 1 })).toEqual({ x: 200, y: 200, zoom: 1 });
  expect(clamped(WIDE, { x: 500, y: 200, zoom: 99 }).zoom).toBe(4);
});
