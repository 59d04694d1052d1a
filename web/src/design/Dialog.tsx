import { AlertDialog as Radix } from "radix-ui";
import { useTranslation } from "react-i18next";
import { Button } from "./Button";

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** What will happen, in a sentence or two. */
  body: string;
  /** The verb of what will happen, never “yes”. */
  confirm: string;
  onConfirm: () => void;
  danger?: boolean;
  busy?: boolean;
}

/** A question that must be answered. The caller closes it when the work is done. */
export function Dialog({
  open,
  onOpenChange,
  title,
  body,
  confirm,
  onConfirm,
  danger = false,
  busy = false,
}: DialogProps) {
  const { t } = useTranslation();
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-50 bg-scrim data-[state=closed]:animate-fade-out data-[state=open]:animate-fade" />
        <Radix.Content className="fixed inset-0 z-60 m-auto flex h-fit w-[calc(100%-48px)] max-w-90 flex-col gap-2 rounded-sheet bg-raised p-6 shadow-overlay outline-none data-[state=closed]:animate-rise-out data-[state=open]:animate-rise">
          <Radix.Title className="text-heading font-bold">{title}</Radix.Title>
          <Radix.Description className="text-body text-text-2">{body}</Radix.Description>
          <div className="mt-4 flex gap-2">
            <Radix.Cancel asChild>
              <Button className="flex-1" disabled={busy}>
                {t("action.cancel")}
              </Button>
            </Radix.Cancel>
            <Button
              className="flex-1"
              tone={danger ? "danger" : "primary"}
              busy={busy}
              onClick={onConfirm}
            >
              {confirm}
            </Button>
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
