/** The wire's types under one name, with what the generator cannot express. */
import type { Problem as WireProblem } from "@/generated/wire";

export type * from "@/generated/wire";

/** One page of a list; `next` is the opaque cursor of the following one, null at the end. */
export interface Page<T> {
  items: T[];
  next: string | null;
}

export type { WireProblem };
