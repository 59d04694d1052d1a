import { useQuery } from "@tanstack/react-query";
import { blocksQuery, friendsQuery } from "@/features/friends";
import type { Friend } from "@/lib/wire";

/** What I know of a person as my friend; null where they are not. */
export function useFriend(userId: string): Friend | null {
  const { data } = useQuery({
    ...friendsQuery,
    select: (friends) => friends.find(({ person }) => person.id === userId) ?? null,
  });
  return data ?? null;
}

/** Whether I blocked a person. */
export function useBlocked(userId: string): boolean {
  const { data } = useQuery({
    ...blocksQuery,
    select: (blocks) => blocks.some(({ person }) => person.id === userId),
  });
  return data ?? false;
}
