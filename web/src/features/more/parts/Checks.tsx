interface ChecksProps<V extends string> {
  legend: string;
  choices: readonly { value: V; text: string; hint?: string }[];
  chosen: readonly V[];
  onChange: (chosen: V[]) => void;
}

/** Any number of a few, chosen before something is made. */
export function Checks<V extends string>({ legend, choices, chosen, onChange }: ChecksProps<V>) {
  return (
    <fieldset className="flex flex-col">
      <legend className="pb-1 text-small font-medium text-text-2">{legend}</legend>
      {choices.map(({ value, text, hint }) => (
        <label key={value} className="flex min-h-11 items-center gap-3 py-1.5 text-body">
          <input
            type="checkbox"
            className="size-5 shrink-0 accent-accent"
            checked={chosen.includes(value)}
            onChange={({ currentTarget }) =>
              onChange(
                currentTarget.checked
                  ? [...chosen, value]
                  : chosen.filter((other) => other !== value),
              )
            }
          />
          <span className="flex min-w-0 flex-col">
            {text}
            {hint !== undefined && (
              <span className="font-mono text-caption break-all text-text-3">{hint}</span>
            )}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
