import { Check, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Avatar, Button, IconButton, List, ListRow, toast } from "@/design";
import { ago } from "@/lib/dates";
import { problemText } from "@/lib/problem";
import { useNow } from "@/lib/use-now";
import type { FriendRequest } from "@/lib/wire";
import { type RequestAnswer, useAnswerRequest } from "../queries";

const DONE = {
  accept: "requests.accepted",
  decline: "requests.declined",
  cancel: "requests.cancelled",
} as const;

/** Answering a request, and saying what came of it. */
export function useAnswer(): {
  answer: (request: FriendRequest, answer: RequestAnswer) => void;
  busy: boolean;
} {
  const { t } = useTranslation("friends");
  const { t: problems } = useTranslation("problems");
  const mutation = useAnswerRequest();
  return {
    busy: mutation.isPending,
    answer: (request, answer) =>
      mutation.mutate(
        { requestId: request.id, answer },
        {
          onSuccess: () => toast(t(DONE[answer], { name: request.person.name })),
          onError: (problem) => toast(problemText(problems, problem), { tone: "danger" }),
        },
      ),
  };
}

/** Open requests, both ways. */
export function Requests({ requests }: { requests: readonly FriendRequest[] }) {
  const { t } = useTranslation("friends");
  const open = requests.filter(({ state }) => state === "open");
  const incoming = open.filter((request) => request.incoming);
  const outgoing = open.filter((request) => !request.incoming);
  return (
    <>
      {incoming.length > 0 && (
        <List heading={t("requests.in", { count: incoming.length })}>
          {incoming.map((request) => (
            <RequestRow key={request.id} request={request} />
          ))}
        </List>
      )}
      {outgoing.length > 0 && (
        <List heading={t("requests.out", { count: outgoing.length })}>
          {outgoing.map((request) => (
            <RequestRow key={request.id} request={request} />
          ))}
        </List>
      )}
    </>
  );
}

function RequestRow({ request }: { request: FriendRequest }) {
  const { t, i18n } = useTranslation("friends");
  const { answer, busy } = useAnswer();
  const now = useNow(60_000);
  const { person } = request;
  return (
    <ListRow
      leading={<Avatar id={person.id} name={person.name} picture={person.picture_url} />}
      title={person.name}
      subtitle={t("requests.asked", { ago: ago(i18n.language, request.created_at, now) })}
      trailing={
        request.incoming ? (
          <span className="flex gap-1.5">
            <IconButton
              label={`${t("requests.decline")} · ${person.name}`}
              disabled={busy}
              onClick={() => answer(request, "decline")}
            >
              <X size={22} aria-hidden="true" />
            </IconButton>
            <IconButton
              label={`${t("requests.accept")} · ${person.name}`}
              tone="primary"
              disabled={busy}
              onClick={() => answer(request, "accept")}
            >
              <Check size={22} aria-hidden="true" />
            </IconButton>
          </span>
        ) : (
          <Button size="small" disabled={busy} onClick={() => answer(request, "cancel")}>
            {t("requests.cancel")}
          </Button>
        )
      }
    />
  );
}
