import { useLink, usePresence } from "@/features/realtime";
import { useMe } from "@/features/identity";
import { Avatar } from "@/design";
import { useFriend } from "../friend";
import type * as W from "@/lib/wire";
import { otherOf } from "./people";

/** A room's picture: in a direct room the other person's, with their presence. */
export function RoomPicture({ room, size = 52 }: { room: W.Room; size?: 36 | 44 | 52 | 96 }) {
  const me = useMe();
  const other = otherOf(room, me.id);
  const online = useOnlineOf(other?.id ?? "");
  return (
    <Avatar
      id={other?.id ?? room.id}
      name={room.title}
      picture={other?.picture_url}
      size={size}
      online={online}
    />
  );
}

/** Whether a person is online, as far as I may know; away from the server nobody knows. */
export function useOnlineOf(userId: string): boolean {
  const pushed = usePresence(userId);
  const friend = useFriend(userId);
  const live = useLink().kind === "live";
  return live && friend !== null && (pushed?.online ?? friend.online);
}
