/** A transfer's state in words and in a picture, the same in the card, the sheet and the wallet. */
import { Ban, CircleCheck, CircleX, Clock, HelpCircle, Send } from "lucide-react";
import type { ReactNode } from "react";
import type { TransferState } from "@/lib/wire";

export type Tone = "progress" | "good" | "bad" | "muted";

export interface StateView {
  /** Key under `state` in the texts. */
  text:
    "drafted" | "signing" | "sent" | "settled" | "failed" | "expired" | "cancelled" | "uncertain";
  tone: Tone;
  icon: ReactNode;
}

/** How a state is shown. An outcome that is not known yet is never shown as anything else. */
export function viewOf(state: TransferState, uncertain: boolean, size = 18): StateView {
  const icon = { size, "aria-hidden": true } as const;
  if (uncertain) return { text: "uncertain", tone: "progress", icon: <HelpCircle {...icon} /> };
  switch (state) {
    case "drafted":
      return { text: "drafted", tone: "progress", icon: <Clock {...icon} /> };
    case "signing":
      return { text: "signing", tone: "progress", icon: <Clock {...icon} /> };
    case "signed":
    case "submitted":
      return { text: "sent", tone: "progress", icon: <Send {...icon} /> };
    case "settled":
      return { text: "settled", tone: "good", icon: <CircleCheck {...icon} /> };
    case "failed":
      return { text: "failed", tone: "bad", icon: <CircleX {...icon} /> };
    case "expired":
      return { text: "expired", tone: "muted", icon: <Ban {...icon} /> };
    case "cancelled":
      return { text: "cancelled", tone: "muted", icon: <Ban {...icon} /> };
  }
}

export const TONE_CLASS: Record<Tone, string> = {
  progress: "text-text-2",
  good: "text-accent-text",
  bad: "text-danger",
  muted: "text-text-3",
};
