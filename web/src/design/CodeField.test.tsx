import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import { CodeField } from "./CodeField";

function Field({ onComplete, secret = false }: { onComplete: (code: string) => void; secret?: boolean }) {
  const [value, setValue] = useState("");
  return (
    <CodeField
      label="code"
      value={value}
      onChange={setValue}
      onComplete={onComplete}
      secret={secret}
    />
  );
}

test("the sixth digit submits, once", async () => {
  const complete = vi.fn();
  render(<Field onComplete={complete} />);
  await userEvent.type(screen.getByLabelText("code"), "12345");
  expect(complete).not.toHaveBeenCalled();
  await userEvent.keyboard("67");
  expect(complete).toHaveBeenCalledExactlyOnceWith("123456");
});

test("a pasted message gives its digits, in any script", async () => {
  const complete = vi.fn();
  render(<Field onComplete={complete} />);
  await userEvent.click(screen.getByLabelText("code"));
  await userEvent.paste(" 123-４５６ ");
  expect(complete).toHaveBeenCalledExactlyOnceWith("123456");
});

test("phones may fill in the code of a message, but nobody fills in a PIN", () => {
  render(<Field onComplete={vi.fn()} />);
  expect(screen.getByLabelText("code").getAttribute("autocomplete")).toBe("one-time-code");
  expect(screen.getByLabelText("code").getAttribute("inputmode")).toBe("numeric");
});

test("a PIN is hidden", () => {
  render(<Field onComplete={vi.fn()} secret />);
  expect(screen.getByLabelText("code").getAttribute("autocomplete")).toBe("off");
  expect(screen.getByLabelText("code").getAttribute("type")).toBe("password");
});
