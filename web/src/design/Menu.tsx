import { clsx } from "clsx";
import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";

export interface MenuItem {
  key: string;
  label: string;
  icon?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

interface MenuProps {
  /** The button that opens it. */
  trigger: ReactNode;
  items: readonly MenuItem[];
  align?: "start" | "end";
}

/** A short list of actions on the thing beside it. */
export function Menu({ trigger, items, align = "end" }: MenuProps) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={4}
          collisionPadding={12}
          className="z-60 min-w-50 rounded-card border border-line bg-raised p-1.5 shadow-overlay data-[state=closed]:animate-fade-out data-[state=open]:animate-rise"
        >
          {items.map((item) => (
            <Radix.Item
              key={item.key}
              disabled={item.disabled === true}
              onSelect={item.onSelect}
              className={clsx(
                "flex min-h-11 cursor-pointer items-center gap-3 rounded-[10px] px-3 text-body outline-none select-none data-disabled:cursor-not-allowed data-disabled:opacity-45",
                item.danger === true
                  ? "text-danger data-highlighted:bg-danger-soft"
                  : "text-text data-highlighted:bg-hover",
              )}
            >
              {item.icon}
              {item.label}
            </Radix.Item>
          ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
