/** What of my activity to show; the same words narrow the list and the exported table. */
import type { Direction, TransferState } from "@/lib/wire";

export interface ActivityFilter {
  direction: Direction | "all";
  search: string;
  state: TransferState | "any";
  /** An asset as the wire names it; empty for all. */
  asset: string;
  /** Days here, `2026-11-01`, both inclusive; empty for no bound. */
  from: string;
  to: string;
}

export const EVERYTHING: ActivityFilter = {
  direction: "all",
  search: "",
  state: "any",
  asset: "",
  from: "",
  to: "",
};

export interface ActivityQuery {
  direction?: Direction;
  q?: string;
  state?: TransferState;
  asset?: string;
  since?: string;
  until?: string;
}

/** How many of the filters beside direction and search are set. */
export function countOf(filter: ActivityFilter): number {
  return [filter.state !== "any", filter.asset !== "", filter.from !== "", filter.to !== ""].filter(
    Boolean,
  ).length;
}

/** The query of a filter. Days are this device's, from their first midnight to their last. */
export function queryOf(filter: ActivityFilter): ActivityQuery {
  const query: ActivityQuery = {};
  if (filter.direction !== "all") query.direction = filter.direction;
  if (filter.search.trim() !== "") query.q = filter.search.trim();
  if (filter.state !== "any") query.state = filter.state;
  if (filter.asset !== "") query.asset = filter.asset;
  if (filter.from !== "") query.since = midnight(filter.from, 0);
  if (filter.to !== "") query.until = midnight(filter.to, 1);
  return query;
}

/** Where the table of a filter can be had. */
export function tableAddress(filter: ActivityFilter): string {
  const query = new URLSearchParams({ ...queryOf(filter), excel: "true" });
  return `/api/v1/wallet/activity.csv?${query.toString()}`;
}

/** The first moment of a day, so many days later, in UTC. */
function midnight(day: string, later: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}
