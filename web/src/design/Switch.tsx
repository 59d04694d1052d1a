import { Switch as Radix } from "radix-ui";

interface SwitchProps {
  label: string;
  checked: boolean;
  onCheckedChange: (checked: boolean) => void;
  disabled?: boolean;
}

/** On or off, at once. The label is read aloud; the row beside it shows it. */
export function Switch({ label, ...rest }: SwitchProps) {
  return (
    <Radix.Root
      {...rest}
      aria-label={label}
      className="relative h-8 w-13 shrink-0 rounded-full bg-line-strong transition-colors duration-150 after:absolute after:-inset-1.5 disabled:opacity-45 data-[state=checked]:bg-accent"
    >
      <Radix.Thumb className="block size-6 translate-x-1 rounded-full bg-surface shadow-raised transition-transform duration-150 data-[state=checked]:translate-x-6" />
    </Radix.Root>
  );
}
