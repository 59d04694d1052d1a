import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test } from "vitest";
import type { Region } from "@/lib/phone";
import { PhoneField } from "./PhoneField";

function Field() {
  const [value, setValue] = useState("");
  const [region, setRegion] = useState<Region>("KR");
  return (
    <PhoneField
      label="number"
      value={value}
      region={region}
      onChange={setValue}
      onRegionChange={setRegion}
    />
  );
}

const field = () => screen.getByLabelText<HTMLInputElement>("number");

test("digits are grouped as they come", async () => {
  render(<Field />);
  await userEvent.type(field(), "01012345678");
  expect(field().value).toBe("010-1234-5678");
});

test("a digit put in the middle leaves the caret where it was typed", async () => {
  render(<Field />);
  await userEvent.type(field(), "0101234567");
  field().setSelectionRange(2, 2);
  await userEvent.type(field(), "9", { initialSelectionStart: 2, initialSelectionEnd: 2 });
  expect(field().value.replaceAll(/\D/g, "")).toBe("01901234567");
  expect(field().selectionStart).toBe(3);
});

test("deleting over a hyphen gets through", async () => {
  render(<Field />);
  await userEvent.type(field(), "0101");
  await userEvent.keyboard("{Backspace}{Backspace}");
  expect(field().value).toBe("01");
});

test("another country is found by name and shown by its code", async () => {
  render(<Field />);
  await userEvent.click(screen.getByRole("button", { name: /\+82/ }));
  await userEvent.type(screen.getByLabelText("국가 이름 또는 번호"), "일본");
  await userEvent.click(screen.getByRole("button", { name: /\+81/ }));
  expect(screen.getByRole("button", { name: /일본 \+81/ })).toBeTruthy();
});

test("an international number brings its own country", async () => {
  render(<Field />);
  await userEvent.type(field(), "+1415");
  expect(field().value).toBe("+1 415");
  expect(screen.queryByRole("button", { name: /\+82/ })).toBeNull();
});
