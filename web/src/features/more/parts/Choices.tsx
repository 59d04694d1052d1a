import { clsx } from "clsx";
import { Check } from "lucide-react";
import { RadioGroup } from "radix-ui";

interface ChoicesProps<V extends string> {
  label: string;
  value: V;
  choices: readonly { value: V; text: string; lang?: string }[];
  onChange: (value: V) => void;
}

/** One of a few, chosen at once. */
export function Choices<V extends string>({ label, value, choices, onChange }: ChoicesProps<V>) {
  return (
    <RadioGroup.Root
      aria-label={label}
      value={value}
      onValueChange={(next) => onChange(next as V)}
      className="flex flex-col"
    >
      {choices.map((choice, index) => (
        <RadioGroup.Item
          key={choice.value}
          value={choice.value}
          lang={choice.lang}
          className={clsx(
            "flex min-h-14 items-center justify-between gap-3 px-5 text-left text-body -outline-offset-2 hover:bg-hover/60 data-[state=checked]:font-semibold",
            index > 0 && "border-t border-line",
          )}
        >
          {choice.text}
          <RadioGroup.Indicator>
            <Check size={22} aria-hidden="true" className="text-accent-text" />
          </RadioGroup.Indicator>
        </RadioGroup.Item>
      ))}
    </RadioGroup.Root>
  );
}
