import { Outlet, useNavigate } from "@tanstack/react-router";
import { ChevronLeft, Inbox, MessageCircle, MessageCirclePlus } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useReconnecting } from "@/features/realtime";
import {
  Button,
  EmptyState,
  ErrorState,
  IconButton,
  List,
  ListRow,
  ListSkeleton,
  PageHeader,
  SplitView,
} from "@/design";
import { useShowsDetail } from "@/lib/pane";
import type * as W from "@/lib/wire";
import { rooms } from "../chat";
import { useRooms } from "../hooks";
import { RoomList } from "../parts/RoomList";

/** The place “Chats”: my rooms, and the folder of strangers' rooms. */
export function ChatsScreen() {
  const [inRequests, setInRequests] = useState(false);
  const list = inRequests ? (
    <Requests onBack={() => setInRequests(false)} />
  ) : (
    <Main onRequests={() => setInRequests(true)} />
  );
  return (
    <SplitView showsDetail={useShowsDetail()} list={list}>
      <Outlet />
    </SplitView>
  );
}

function useFolder(folder: W.RoomFolder): W.Room[] | null {
  const state = useRooms();
  return useMemo(() => {
    if (state.phase !== "ready") return null;
    // A room nobody has written in yet is not a conversation.
    return [...state.rooms.values()]
      .filter((room) => room.folder === folder && room.last_message !== null)
      .sort((a, b) => activityOf(b).localeCompare(activityOf(a)));
  }, [state, folder]);
}

function activityOf(room: W.Room): string {
  return room.last_message?.created_at ?? room.created_at;
}

function Main({ onRequests }: { onRequests: () => void }) {
  const { t } = useTranslation("chat");
  const state = useRooms();
  const found = useFolder("main");
  const requests = useFolder("requests");
  const navigate = useNavigate();
  const toFriends = () => void navigate({ to: "/friends" });
  return (
    <>
      <PageHeader
        title={t("title")}
        subtitle={<LinkState />}
        large
        actions={
          <IconButton label={t("new")} onClick={toFriends}>
            <MessageCirclePlus size={24} aria-hidden="true" />
          </IconButton>
        }
      />
      <div className="min-h-0 flex-1 overflow-y-auto">
        {requests !== null && requests.length > 0 && (
          <List>
            <ListRow
              onPress={onRequests}
              leads
              leading={
                <span className="flex size-13 shrink-0 items-center justify-center rounded-[36%] bg-accent-soft text-accent-text">
                  <Inbox size={24} aria-hidden="true" />
                </span>
              }
              title={t("requests.title")}
              subtitle={t("requests.count", { count: requests.length })}
            />
          </List>
        )}
        {state.phase === "failed" ? (
          <ErrorState error={state.error} onRetry={() => rooms.retry()} />
        ) : found === null ? (
          <ListSkeleton rows={8} />
        ) : found.length === 0 ? (
          <EmptyState
            icon={<MessageCircle size={28} />}
            title={t("list.empty_title")}
            body={t("list.empty_body")}
            action={
              <Button tone="primary" onClick={toFriends}>
                {t("list.empty_action")}
              </Button>
            }
          />
        ) : (
          <RoomList rooms={found} label={t("list.label")} />
        )}
      </div>
    </>
  );
}

function Requests({ onBack }: { onBack: () => void }) {
  const { t } = useTranslation("chat");
  const found = useFolder("requests");
  return (
    <>
      <header className="flex min-h-16 shrink-0 items-center gap-1 px-2 pt-safe">
        <IconButton label={t("requests.back")} onClick={onBack}>
          <ChevronLeft size={26} aria-hidden="true" />
        </IconButton>
        <h1 className="text-heading font-bold">{t("requests.title")}</h1>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {found === null ? (
          <ListSkeleton />
        ) : found.length === 0 ? (
          <EmptyState
            icon={<Inbox size={28} />}
            title={t("requests.empty_title")}
            body={t("requests.empty_body")}
          />
        ) : (
          <RoomList rooms={found} label={t("requests.title")} />
        )}
      </div>
    </>
  );
}

/** Says so while the line is not up; the shell says it when there is no network at all. */
function LinkState() {
  const { t } = useTranslation("chat");
  return useReconnecting() ? <span role="status">{t("connecting")}…</span> : null;
}
