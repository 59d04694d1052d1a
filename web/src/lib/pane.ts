import { useMatches } from "@tanstack/react-router";

/** Whether the address names something inside a place: a room, a person, a setting. */
export function useShowsDetail(): boolean {
  return useMatches({
    select: (matches) => matches.some((match) => match.staticData.pane === "detail"),
  });
}
