import { clsx } from "clsx";
import { UserRound } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { hueOf, initialOf } from "./initials";

interface AvatarProps {
  /** Decides the colour, so that a new name keeps it. */
  id: string;
  name: string;
  picture?: string | null | undefined;
  size?: 28 | 36 | 44 | 52 | 96;
  /** Shows the presence dot when known. */
  online?: boolean | undefined;
}

const INITIAL_SIZE = { 28: "text-caption", 36: "text-small", 44: "text-body", 52: "text-heading", 96: "text-hero" };

/** A person's picture, or their initial on a colour that stays theirs. Decorative: the name stands beside it. */
export function Avatar({ id, name, picture, size = 44, online }: AvatarProps) {
  const { t } = useTranslation();
  const [broken, setBroken] = useState<string | null>(null);
  const shown = typeof picture === "string" && picture !== broken;
  const hue = hueOf(id);
  return (
    <span className="relative inline-flex shrink-0" style={{ width: size, height: size }}>
      {shown ? (
        <img
          src={picture}
          alt=""
          width={size}
          height={size}
          loading="lazy"
          decoding="async"
          onError={() => setBroken(picture)}
          className="size-full rounded-[36%] bg-sunken object-cover"
        />
      ) : (
        <span
          aria-hidden="true"
          className={clsx(
            "flex size-full items-center justify-center rounded-[36%] font-semibold select-none",
            INITIAL_SIZE[size],
          )}
          style={{
            backgroundColor: `light-dark(oklch(0.9 0.05 ${hue}), oklch(0.37 0.06 ${hue}))`,
            color: `light-dark(oklch(0.4 0.09 ${hue}), oklch(0.9 0.06 ${hue}))`,
          }}
        >
          {name.trim() === "" ? <UserRound size={size / 2} /> : initialOf(name)}
        </span>
      )}
      {online === true && (
        <span
          className={clsx(
            "absolute rounded-full border-surface bg-online",
            size === 96
              ? "right-0 bottom-0 size-6 border-4"
              : "-right-0.5 -bottom-0.5 size-3.5 border-[2.5px]",
          )}
        >
          <span className="sr-only">{t("presence.online")}</span>
        </span>
      )}
    </span>
  );
}
