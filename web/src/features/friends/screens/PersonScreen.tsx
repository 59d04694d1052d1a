import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Ban, Ellipsis, MessageCircle, Send, UserMinus, UserX } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  Avatar,
  Badge,
  Button,
  Dialog,
  EmptyState,
  ErrorState,
  IconButton,
  Menu,
  PageHeader,
  Spinner,
  toast,
} from "@/design";
import { openPay } from "@/features/transfers";
import { longDay } from "@/lib/dates";
import { problemText } from "@/lib/problem";
import type { Friend, FriendRequest, Person } from "@/lib/wire";
import { RemoveSheet } from "../parts/RemoveSheet";
import { useAnswer } from "../parts/Requests";
import { StatusText } from "../parts/StatusText";
import { blocksQuery, friendsQuery, requestsQuery, useBlock, useOpenRoom, useUnblock } from "../queries";

/** Someone I know: who they are to me, and what we can do. */
export function PersonScreen() {
  const { t } = useTranslation("friends");
  const navigate = useNavigate();
  const { userId } = useParams({ from: "/app/friends/$userId" });
  const friends = useQuery(friendsQuery);
  const requests = useQuery(requestsQuery);
  const blocks = useQuery(blocksQuery);
  const back = () => void navigate({ to: "/friends" });

  const friend = friends.data?.find(({ person }) => person.id === userId);
  const request = requests.data?.find(
    ({ person, state }) => person.id === userId && state === "open",
  );
  const block = blocks.data?.find(({ person }) => person.id === userId);
  const person = friend?.person ?? request?.person ?? block?.person;

  if (person === undefined) {
    const error = friends.error ?? requests.error ?? blocks.error;
    return (
      <>
        <PageHeader title={t("title")} onBack={back} backOnPhoneOnly />
        {error !== null ? (
          <ErrorState error={error} onRetry={() => void friends.refetch()} />
        ) : friends.isPending || requests.isPending || blocks.isPending ? (
          <Spinner className="flex-1" />
        ) : (
          <EmptyState
            icon={<UserX size={28} />}
            title={t("person.gone.title")}
            body={t("person.gone.body")}
            action={<Button onClick={back}>{t("title")}</Button>}
          />
        )}
      </>
    );
  }
  return (
    <Profile
      // What is asked of one person is never asked of the next.
      key={person.id}
      person={person}
      friend={friend}
      request={request}
      blocked={block !== undefined}
      onBack={back}
    />
  );
}

interface ProfileProps {
  person: Person;
  friend: Friend | undefined;
  request: FriendRequest | undefined;
  blocked: boolean;
  onBack: () => void;
}

function Profile({ person, friend, request, blocked, onBack }: ProfileProps) {
  const { t, i18n } = useTranslation("friends");
  const { t: problems } = useTranslation("problems");
  const navigate = useNavigate();
  const [asking, setAsking] = useState<"remove" | "block" | null>(null);
  const openRoom = useOpenRoom();
  const block = useBlock();
  const unblock = useUnblock();
  const { answer, busy } = useAnswer();
  const onError = (problem: unknown) => toast(problemText(problems, problem), { tone: "danger" });

  const chat = () =>
    openRoom.mutate(
      { userId: person.id },
      {
        onError,
        onSuccess: ({ id }) => {
          void navigate({ to: "/chats/$roomId", params: { roomId: id } });
        },
      },
    );
  const menu = [
    ...(friend === undefined
      ? []
      : [
          {
            key: "remove",
            label: t("person.remove"),
            icon: <UserMinus size={20} aria-hidden="true" />,
            onSelect: () => setAsking("remove"),
          },
        ]),
    blocked
      ? {
          key: "unblock",
          label: t("person.unblock"),
          icon: <Ban size={20} aria-hidden="true" />,
          onSelect: () =>
            unblock.mutate(
              { userId: person.id },
              { onError, onSuccess: () => toast(t("block.undone")) },
            ),
        }
      : {
          key: "block",
          label: t("person.block"),
          icon: <Ban size={20} aria-hidden="true" />,
          danger: true,
          onSelect: () => setAsking("block"),
        },
  ];

  return (
    <div className="flex h-full flex-col">
      <PageHeader
        onBack={onBack}
        backOnPhoneOnly
        actions={
          <Menu
            items={menu}
            trigger={
              <IconButton label={t("person.more", { name: person.name })}>
                <Ellipsis size={24} aria-hidden="true" />
              </IconButton>
            }
          />
        }
      />
      <div className="flex flex-1 flex-col items-center gap-1 overflow-y-auto px-6 py-10">
        <Avatar
          id={person.id}
          name={person.name}
          picture={person.picture_url}
          size={96}
          online={friend?.online}
        />
        <h1 className="mt-4 text-center text-title font-bold">{person.name}</h1>
        {friend !== undefined && (
          <>
            <p className="text-small text-text-2">
              <StatusText online={friend.online} seenAt={friend.last_seen_at} />
            </p>
            <p className="mt-1 text-caption text-text-3">
              {t("person.since", { date: longDay(i18n.language, friend.since) })}
            </p>
          </>
        )}
        {blocked && <Badge tone="danger">{t("relation.blocked")}</Badge>}
        {request !== undefined && (
          <p className="text-small text-text-2">
            {t(request.incoming ? "relation.asked_me" : "relation.requested")}
          </p>
        )}
        <div className="mt-8 flex w-full max-w-90 flex-col gap-2">
          {request?.incoming === true && (
            <div className="mb-4 flex gap-2">
              <Button
                size="large"
                className="flex-1"
                disabled={busy}
                onClick={() => answer(request, "decline")}
              >
                {t("requests.decline")}
              </Button>
              <Button
                size="large"
                tone="primary"
                className="flex-1"
                busy={busy}
                onClick={() => answer(request, "accept")}
              >
                {t("requests.accept")}
              </Button>
            </div>
          )}
          {!blocked && friend !== undefined && (
            <div className="flex gap-2">
              <Button
                size="large"
                className="flex-1"
                busy={openRoom.isPending}
                icon={<MessageCircle size={20} aria-hidden="true" />}
                onClick={chat}
              >
                {t("person.chat")}
              </Button>
              <Button
                size="large"
                tone="primary"
                className="flex-1"
                icon={<Send size={20} aria-hidden="true" />}
                onClick={() => openPay({ person })}
              >
                {t("person.send")}
              </Button>
            </div>
          )}
          {request?.incoming === false && (
            <Button size="large" wide busy={busy} onClick={() => answer(request, "cancel")}>
              {t("requests.cancel")}
            </Button>
          )}
          {blocked && (
            <Button
              size="large"
              wide
              busy={unblock.isPending}
              onClick={() =>
                unblock.mutate(
                  { userId: person.id },
                  { onError, onSuccess: () => toast(t("block.undone")) },
                )
              }
            >
              {t("person.unblock")}
            </Button>
          )}
        </div>
      </div>
      <RemoveSheet
        person={person}
        open={asking === "remove"}
        onClose={() => setAsking(null)}
        onRemoved={onBack}
      />
      <Dialog
        open={asking === "block"}
        onOpenChange={() => setAsking(null)}
        title={t("block.title", { name: person.name })}
        body={t("block.body")}
        confirm={t("person.block")}
        danger
        busy={block.isPending}
        onConfirm={() =>
          block.mutate(
            { userId: person.id },
            {
              onError,
              onSuccess: () => toast(t("block.done", { name: person.name })),
              onSettled: () => setAsking(null),
            },
          )
        }
      />
    </div>
  );
}
