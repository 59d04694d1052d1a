/**
 * What other features put into a room: how a message of their kind looks, and what stands beside the
 * text field. Chat knows nothing of what they mean. Components may be lazy.
 */
import type { ComponentType } from "react";
import type * as W from "@/lib/wire";

export interface CardProps {
  message: W.Message;
  /** Whether I sent it. */
  mine: boolean;
}

export interface ComposerActionProps {
  room: W.Room;
}

const cards = new Map<string, ComponentType<CardProps>>();
const composerActions: ComponentType<ComposerActionProps>[] = [];

/** Show messages of `kind` with `component`. */
export function registerCard(kind: W.MessageKind, component: ComponentType<CardProps>): void {
  cards.set(kind, component);
}

/** Put a button beside the text field of every room one may write in. */
export function registerComposerAction(component: ComponentType<ComposerActionProps>): void {
  if (!composerActions.includes(component)) composerActions.push(component);
}

/** How a kind is shown; null where nobody said. */
export function cardOfKind(kind: string): ComponentType<CardProps> | null {
  return cards.get(kind) ?? null;
}

export function composerActionsNow(): readonly ComponentType<ComposerActionProps>[] {
  return composerActions;
}
