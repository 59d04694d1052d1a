/** Who is in the room, and what one may do about it. */
import { Link, useNavigate } from "@tanstack/react-router";
import { Ban, UserRound } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/features/identity";
import { Avatar, Dialog, List, ListRow, RowContent, rowClass, toast } from "@/design";
import { longDay } from "@/lib/dates";
import { problemText } from "@/lib/problem";
import type * as W from "@/lib/wire";
import { block, unblock } from "../chat";
import { useBlocked } from "../friend";
import { calm } from "../model/text";
import { otherOf } from "./people";
import { PresenceText } from "./PresenceText";
import { RoomPicture } from "./RoomPicture";

export function RoomDetails({ room }: { room: W.Room }) {
  const { t, i18n } = useTranslation("chat");
  const me = useMe();
  const other = otherOf(room, me.id);
  return (
    <div className="flex flex-col pb-6">
      <div className="flex flex-col items-center gap-1 px-6 pt-10 pb-6 text-center">
        <RoomPicture room={room} size={96} />
        <h2 dir="auto" className="mt-4 max-w-full truncate text-heading font-bold">
          {calm(room.title)}
        </h2>
        <p className="min-h-5 text-small text-text-3">
          {other === null ? (
            t("room.members", { count: room.members.length })
          ) : (
            <PresenceText userId={other.id} />
          )}
        </p>
        <p className="text-caption text-text-3">
          {t("details.since", { day: longDay(i18n.language, room.created_at) })}
        </p>
      </div>
      <List heading={t("details.members")}>
        {room.members.map(({ person }) => (
          <ListRow
            key={person.id}
            leading={<Avatar id={person.id} name={person.name} picture={person.picture_url} size={36} />}
            title={person.id === me.id ? `${calm(person.name)} (${t("room.me")})` : calm(person.name)}
          />
        ))}
      </List>
      {other !== null && <PersonActions person={other} />}
    </div>
  );
}

function PersonActions({ person }: { person: W.Person }) {
  const { t } = useTranslation("chat");
  const { t: problems } = useTranslation("problems");
  const navigate = useNavigate();
  const blocked = useBlocked(person.id);
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const name = calm(person.name);
  const act = async (work: () => Promise<void>, done: string) => {
    setBusy(true);
    try {
      await work();
      toast(done);
      setAsking(false);
    } catch (error) {
      toast(problemText(problems, error), { tone: "danger" });
    } finally {
      setBusy(false);
    }
  };
  const onBlock = async () => {
    await act(() => block(person.id), t("details.blocked"));
    await navigate({ to: "/chats" });
  };
  return (
    <List>
      <li>
        <Link to="/friends/$userId" params={{ userId: person.id }} className={rowClass()}>
          <RowContent leading={<UserRound size={22} aria-hidden="true" />} title={t("details.profile")} leads />
        </Link>
      </li>
      <ListRow
        onPress={() => {
          if (blocked) void act(() => unblock(person.id), t("details.unblocked"));
          else setAsking(true);
        }}
        leading={<Ban size={22} aria-hidden="true" />}
        title={blocked ? t("details.unblock") : t("details.block")}
      />
      <Dialog
        open={asking}
        onOpenChange={setAsking}
        title={t("details.block_title", { name })}
        body={t("details.block_body")}
        confirm={t("details.block")}
        danger
        busy={busy}
        onConfirm={() => void onBlock()}
      />
    </List>
  );
}
