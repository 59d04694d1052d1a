import { clsx } from "clsx";
import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./IconButton";

interface SheetProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** Read by assistive technology only; the content shows its own. */
  titleHidden?: boolean;
  description?: string;
  children: ReactNode;
  /** Stays at the bottom while the content scrolls. */
  footer?: ReactNode;
  /** False while something must not be interrupted: no cross, no Escape, no press outside. */
  dismissible?: boolean;
}

/** Something on top of the screen: from the bottom edge on a phone, centred on a desktop. */
export function Sheet({
  open,
  onOpenChange,
  title,
  titleHidden = false,
  description,
  children,
  footer,
  dismissible = true,
}: SheetProps) {
  const { t } = useTranslation();
  const hold = (event: Event) => {
    if (!dismissible) event.preventDefault();
  };
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-scrim data-[state=closed]:animate-fade-out data-[state=open]:animate-fade" />
        <Radix.Content
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          onOpenAutoFocus={(event) => {
            // What the content did not focus itself stays with the sheet, not with its cross.
            event.preventDefault();
            if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus();
          }}
          onEscapeKeyDown={hold}
          onPointerDownOutside={hold}
          onInteractOutside={hold}
          className={clsx(
            "fixed z-50 flex max-h-[92dvh] flex-col bg-raised shadow-overlay outline-none",
            "inset-x-0 bottom-0 rounded-t-sheet pb-safe",
            "data-[state=closed]:animate-sheet-out data-[state=open]:animate-sheet",
            "sm:inset-0 sm:m-auto sm:h-fit sm:max-h-[86dvh] sm:w-[440px] sm:rounded-sheet sm:pb-0",
            "sm:data-[state=closed]:animate-rise-out sm:data-[state=open]:animate-rise",
          )}
        >
          <header
            className={clsx(
              "flex shrink-0 items-start gap-2 pt-5 pr-3 pl-6",
              titleHidden && !dismissible && "sr-only",
            )}
          >
            <div className="min-w-0 flex-1 py-1.5">
              <Radix.Title
                className={titleHidden ? "sr-only" : "text-heading font-bold text-text"}
              >
                {title}
              </Radix.Title>
              {description !== undefined && (
                <Radix.Description className="mt-1 text-small text-text-2">
                  {description}
                </Radix.Description>
              )}
            </div>
            {dismissible && (
              <Radix.Close asChild>
                <IconButton label={t("action.close")} className="-mt-0.5">
                  <X size={22} aria-hidden="true" />
                </IconButton>
              </Radix.Close>
            )}
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-6 pt-2 pb-6">{children}</div>
          {footer !== undefined && (
            <footer className="flex shrink-0 flex-col gap-2 px-6 pt-2 pb-6">{footer}</footer>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
