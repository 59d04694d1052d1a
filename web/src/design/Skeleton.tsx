import { clsx } from "clsx";
import { useTranslation } from "react-i18next";

/** A grey shape where something will stand. Give it a size by class. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden="true" className={clsx("block animate-shimmer rounded-lg bg-sunken", className)} />;
}

const WIDTHS = ["w-28", "w-40", "w-24", "w-36", "w-32"];

/** A list that is on its way. */
export function ListSkeleton({ rows = 6 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("loading")}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="flex min-h-18 items-center gap-3 px-5">
          <Skeleton className="size-11 shrink-0 rounded-[36%]" />
          <div className="flex flex-1 flex-col gap-2">
            <Skeleton className={clsx("h-4", WIDTHS[index % WIDTHS.length])} />
            <Skeleton className="h-3 w-3/5" />
          </div>
        </div>
      ))}
    </div>
  );
}
