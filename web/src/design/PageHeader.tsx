import { clsx } from "clsx";
import { ChevronLeft } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./IconButton";

interface PageHeaderProps {
  /** The screen's one `h1`; left out where the screen shows its own. */
  title?: ReactNode;
  /** Under the title, small: presence, member count. */
  subtitle?: ReactNode;
  /** Beside the title: a picture. */
  leading?: ReactNode;
  /** On the right: icon buttons. */
  actions?: ReactNode;
  onBack?: () => void;
  /** Back is only for narrow screens, where the list beside is not shown. */
  backOnPhoneOnly?: boolean;
  /** The large title of one of the four places. */
  large?: boolean;
}

/** The top of a screen. */
export function PageHeader({
  title,
  subtitle,
  leading,
  actions,
  onBack,
  backOnPhoneOnly = false,
  large = false,
}: PageHeaderProps) {
  const { t } = useTranslation();
  return (
    <header
      className={clsx(
        "flex shrink-0 items-center gap-2 pt-safe",
        large ? "min-h-16 pr-3 pl-5" : "min-h-(--tt-header) px-2",
        !large && title !== undefined && "border-b border-line",
      )}
    >
      {onBack !== undefined && (
        <IconButton
          label={t("action.back")}
          onClick={onBack}
          className={clsx(backOnPhoneOnly && "split:hidden")}
        >
          <ChevronLeft size={26} aria-hidden="true" />
        </IconButton>
      )}
      {leading}
      <div className={clsx("min-w-0 flex-1", !large && onBack === undefined && "pl-3", !large && backOnPhoneOnly && "split:pl-3")}>
        {title !== undefined && (
          <h1 className={clsx("truncate font-bold", large ? "text-title" : "text-heading")}>
            {title}
          </h1>
        )}
        {subtitle !== undefined && <p className="truncate text-caption text-text-3">{subtitle}</p>}
      </div>
      {actions}
    </header>
  );
}
