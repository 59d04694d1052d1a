/**
 * A room as the list shows it, and how events change it. Pure; every function answers the same
 * object where nothing changes.
 *
 * The law: a room read at some time, plus the events since, equals the room read now. Unread
 * counts need a memory for it: of the messages that were unread when the room was read only their
 * number is known, of later ones each position. A cursor that stops among the former leaves a count
 * that cannot be derived; then `uncertain` is set and the room has to be read again.
 */
import type * as W from "@/lib/wire";
import { turned } from "./cards";
import { turnOf } from "./history";

export interface RoomEntry {
  readonly room: W.Room;
  /** Seq at which the room was read; `unreadBefore` of its unread messages lie up to there. */
  readonly readAt: number;
  readonly unreadBefore: number;
  /** Positions of unread messages after `readAt`, ascending. */
  readonly unreadSeqs: readonly number[];
  /** The room has to be read again: members changed, or the unread count cannot be derived. */
  readonly uncertain: boolean;
}

/** The entry of a room just read. */
export function entryOf(room: W.Room): RoomEntry {
  return { room, readAt: room.head_seq, unreadBefore: room.unread, unreadSeqs: [], uncertain: false };
}

/** What follows an event of the room. Events up to the head are known already. */
export function withEvent(entry: RoomEntry, event: W.RoomEvent, myId: string): RoomEntry {
  const { room } = entry;
  if (event.seq <= room.head_seq) return entry;
  if (event.message !== null) {
    const counts = event.message.sender_id !== myId && event.seq > room.read_seq;
    return {
      ...entry,
      unreadSeqs: counts ? [...entry.unreadSeqs, event.seq] : entry.unreadSeqs,
      room: {
        ...room,
        head_seq: event.seq,
        last_message: event.message,
        unread: counts ? room.unread + 1 : room.unread,
      },
    };
  }
  const turn = turnOf(event);
  const last = room.last_message;
  return {
    ...entry,
    uncertain: entry.uncertain || event.kind === "member",
    room: {
      ...room,
      head_seq: event.seq,
      last_message:
        turn !== null && last?.id === turn.messageId ? turned(last, turn.card) : last,
    },
  };
}

/** My own cursor moved, here or on another device. It never moves back. */
export function withOwnCursor(entry: RoomEntry, seq: number, myId: string): RoomEntry {
  const { room } = entry;
  if (seq <= room.read_seq) return entry;
  const unreadSeqs = entry.unreadSeqs.filter((unread) => unread > seq);
  const derivable = seq >= entry.readAt || entry.unreadBefore === 0;
  const unreadBefore = seq >= entry.readAt ? 0 : entry.unreadBefore;
  return {
    ...entry,
    unreadBefore,
    unreadSeqs,
    uncertain: entry.uncertain || !derivable,
    room: {
      ...room,
      read_seq: seq,
      unread: unreadBefore + unreadSeqs.length,
      members: movedMembers(room.members, { [myId]: seq }),
    },
  };
}

/** Cursors of members moved. */
export function withCursors(
  entry: RoomEntry,
  cursors: Readonly<Record<string, number>>,
  myId: string,
): RoomEntry {
  const members = movedMembers(entry.room.members, cursors);
  const moved =
    members === entry.room.members ? entry : { ...entry, room: { ...entry.room, members } };
  const own = cursors[myId];
  return own === undefined ? moved : withOwnCursor(moved, own, myId);
}

function movedMembers(
  members: readonly W.Member[],
  cursors: Readonly<Record<string, number>>,
): W.Member[] {
  const next = members.map((member) => {
    const seq = cursors[member.person.id];
    return seq === undefined || seq <= member.read_seq ? member : { ...member, read_seq: seq };
  });
  return next.some((member, index) => member !== members[index]) ? next : (members as W.Member[]);
}

/** The room moved between the list and the request folder. */
export function withFolder(entry: RoomEntry, folder: W.RoomFolder): RoomEntry {
  return entry.room.folder === folder ? entry : { ...entry, room: { ...entry.room, folder } };
}

/** Somebody has a new name or picture; a direct room is called after the other. */
export function withPerson(entry: RoomEntry, person: W.Person, myId: string): RoomEntry {
  const { room } = entry;
  return {
    ...entry,
    room: {
      ...room,
      title: room.kind === "direct" && person.id !== myId ? person.name : room.title,
      members: room.members.map((member) =>
        member.person.id === person.id ? { ...member, person } : member,
      ),
    },
  };
}

/** What has no position of its own, from a room just read: cursors, people, whether I may write. */
export function withUnpositioned(entry: RoomEntry, read: W.Room, myId: string): RoomEntry {
  const cursors = Object.fromEntries(
    read.members.map(({ person, read_seq }) => [person.id, read_seq]),
  );
  const people = new Map(read.members.map(({ person }) => [person.id, person]));
  const moved = withOwnCursor(withCursors(entry, cursors, myId), read.read_seq, myId);
  return {
    ...moved,
    room: {
      ...moved.room,
      title: read.title,
      folder: read.folder,
      can_write: read.can_write,
      members: moved.room.members.map((member) => ({
        ...member,
        person: people.get(member.person.id) ?? member.person,
      })),
    },
  };
}

/** Of the others, those who have not read up to `seq`; `cursors` ascending. */
export function notReadBy(cursors: readonly number[], seq: number): number {
  let [low, high] = [0, cursors.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cursors[middle] ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The cursors of everyone but me, ascending. */
export function otherCursors(room: W.Room, myId: string): number[] {
  return room.members
    .filter(({ person }) => person.id !== myId)
    .map(({ read_seq }) => read_seq)
    .sort((a, b) => a - b);
}
