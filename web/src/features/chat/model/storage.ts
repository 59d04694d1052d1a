/**
 * What chat keeps on this device, in IndexedDB: messages that are not sent yet, and drafts.
 *
 * Storage may be closed to us (private windows) or full. Then what is written lasts as long as the
 * page, and nothing else changes: no function here throws.
 */
import type { Outgoing, OutboxStore } from "./outbox";

const NAME = "talktalk.chat";
const VERSION = 1;
const OUTBOX = "outbox";
const DRAFTS = "drafts";

interface DraftRow {
  key: string;
  userId: string;
  roomId: string;
  text: string;
}

let opening: Promise<IDBDatabase | null> | null = null;

function database(): Promise<IDBDatabase | null> {
  opening ??= new Promise((resolve) => {
    let request: IDBOpenDBRequest;
    try {
      request = indexedDB.open(NAME, VERSION);
    } catch {
      resolve(null);
      return;
    }
    request.onupgradeneeded = () => {
      request.result.createObjectStore(OUTBOX, { keyPath: "clientId" }).createIndex("user", "userId");
      request.result.createObjectStore(DRAFTS, { keyPath: "key" }).createIndex("user", "userId");
    };
    request.onsuccess = () => {
      const opened = request.result;
      // Another page wants to change or delete it; ours opens it again when needed.
      const release = (): void => {
        opened.close();
        opening = null;
      };
      opened.onversionchange = release;
      opened.onclose = release;
      resolve(opened);
    };
    request.onerror = () => resolve(null);
    request.onblocked = () => resolve(null);
  });
  return opening;
}

/** Run one request; null where it could not be run. */
async function run<T>(
  store: string,
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T | null> {
  const opened = await database();
  if (opened === null) return null;
  return new Promise((resolve) => {
    try {
      const request = ask(opened.transaction(store, mode).objectStore(store));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

function allOf<T>(store: string, userId: string): Promise<T[] | null> {
  return run(store, "readonly", (rows) => rows.index("user").getAll(userId) as IDBRequest<T[]>);
}

export const outboxStore: OutboxStore = {
  async load(userId) {
    const rows = (await allOf<Outgoing>(OUTBOX, userId)) ?? [];
    return rows.sort((a, b) => a.order - b.order);
  },
  async put(outgoing) {
    await run(OUTBOX, "readwrite", (rows) => rows.put(outgoing));
  },
  async remove(clientId) {
    await run(OUTBOX, "readwrite", (rows) => rows.delete(clientId));
  },
};

/** The texts begun and not sent, by room. */
export async function loadDrafts(userId: string): Promise<Map<string, string>> {
  const rows = (await allOf<DraftRow>(DRAFTS, userId)) ?? [];
  return new Map(rows.map(({ roomId, text }) => [roomId, text]));
}

/** Keep a room's draft; an empty one is forgotten. */
export async function keepDraft(userId: string, roomId: string, text: string): Promise<void> {
  const key = `${userId}/${roomId}`;
  if (text === "") await run(DRAFTS, "readwrite", (rows) => rows.delete(key));
  else await run(DRAFTS, "readwrite", (rows) => rows.put({ key, userId, roomId, text }));
}

/** Forget all that a person left here. */
export async function forgetPerson(userId: string): Promise<void> {
  for (const store of [OUTBOX, DRAFTS]) {
    const keys = await run(store, "readonly", (rows) => rows.index("user").getAllKeys(userId));
    for (const key of keys ?? []) await run(store, "readwrite", (rows) => rows.delete(key));
  }
}
