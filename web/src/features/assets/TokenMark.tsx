import { clsx } from "clsx";
import { BadgeCheck, CircleHelp, TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Token } from "@/lib/wire";

/** Whether somebody vouches for a token, nobody does, or it looks like another. */
export function TokenMark({ token }: { token: Token }) {
  const { t } = useTranslation("assets");
  const kind = token.verified ? "verified" : token.lookalike_of === null ? "unverified" : "lookalike";
  const Icon = { verified: BadgeCheck, unverified: CircleHelp, lookalike: TriangleAlert }[kind];
  const tone = { verified: "text-accent-text", unverified: "text-text-3", lookalike: "text-danger" }[kind];
  return <Icon size={24} role="img" aria-label={t(`mark.${kind}`)} className={clsx("shrink-0", tone)} />;
}
