import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar, Banner, Button, Sheet, toast } from "@/design";
import { PhoneField } from "@/features/identity/phone-field";
import { guessRegion, looksComplete, type Region } from "@/lib/phone";
import { problemText } from "@/lib/problem";
import type { FoundPerson } from "@/lib/wire";
import { useAnswerRequest, useAskFriend, useSearch } from "../queries";

/** Finding someone by their exact number. */
export function AddSheet({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("friends");
  const { t: problems } = useTranslation("problems");
  const [typed, setTyped] = useState("");
  const [region, setRegion] = useState<Region>(() => guessRegion());
  const [incomplete, setIncomplete] = useState(false);
  const search = useSearch();
  const found = search.data?.found;
  const change = (value: string) => {
    setTyped(value);
    setIncomplete(false);
    if (!search.isIdle) search.reset();
  };
  const error = incomplete
    ? t("search.incomplete")
    : search.error !== null
      ? problemText(problems, search.error)
      : undefined;
  return (
    <Sheet
      open
      onOpenChange={onClose}
      title={t("search.title")}
      description={t("search.body")}
    >
      <form
        noValidate
        className="flex flex-col gap-4 pt-2"
        onSubmit={(event) => {
          event.preventDefault();
          const complete = looksComplete(typed, region);
          setIncomplete(!complete);
          if (complete) search.mutate({ phone: typed, region });
        }}
      >
        <PhoneField
          label={t("search.label")}
          value={typed}
          region={region}
          onChange={change}
          onRegionChange={setRegion}
          error={error}
          autoFocus
        />
        <div aria-live="polite">
          {found === null && <Banner>{t("search.none")}</Banner>}
          {found !== null && found !== undefined && <Found found={found} onClose={onClose} />}
        </div>
        {(found === null || found === undefined) && (
          <Button type="submit" tone="primary" size="large" wide busy={search.isPending}>
            {t("search.go")}
          </Button>
        )}
      </form>
    </Sheet>
  );
}

function Found({ found, onClose }: { found: FoundPerson; onClose: () => void }) {
  const { t } = useTranslation("friends");
  const { t: problems } = useTranslation("problems");
  const navigate = useNavigate();
  const ask = useAskFriend();
  const answer = useAnswerRequest();
  const { person, relation, request_id: requestId } = found;
  const onError = (problem: unknown) => toast(problemText(problems, problem), { tone: "danger" });
  const done = (text: string) => {
    toast(text);
    onClose();
  };
  return (
    <div className="flex flex-col gap-4 rounded-card border border-line p-4">
      <div className="flex items-center gap-3">
        <Avatar id={person.id} name={person.name} picture={person.picture_url} size={52} />
        <div className="min-w-0">
          <p className="truncate text-heading font-semibold">{person.name}</p>
          <p className="text-small text-text-3">{t(`relation.${relation}`)}</p>
        </div>
      </div>
      {relation === "stranger" && (
        <Button
          tone="primary"
          size="large"
          wide
          busy={ask.isPending}
          onClick={() =>
            ask.mutate(
              { userId: person.id },
              {
                onError,
                // Two people who ask each other at the same moment are friends at once.
                onSuccess: ({ state }) =>
                  done(
                    state === "accepted"
                      ? t("requests.accepted", { name: person.name })
                      : t("search.requested", { name: person.name }),
                  ),
              },
            )
          }
        >
          {t("search.request")}
        </Button>
      )}
      {relation === "asked_me" && requestId !== null && (
        <Button
          tone="primary"
          size="large"
          wide
          busy={answer.isPending}
          onClick={() =>
            answer.mutate(
              { requestId, answer: "accept" },
              { onError, onSuccess: () => done(t("requests.accepted", { name: person.name })) },
            )
          }
        >
          {t("requests.accept")}
        </Button>
      )}
      {relation === "requested" && requestId !== null && (
        <Button
          size="large"
          wide
          busy={answer.isPending}
          onClick={() =>
            answer.mutate(
              { requestId, answer: "cancel" },
              { onError, onSuccess: () => done(t("requests.cancelled")) },
            )
          }
        >
          {t("requests.cancel")}
        </Button>
      )}
      {relation === "friend" && (
        <Button
          tone="primary"
          size="large"
          wide
          onClick={() => {
            onClose();
            void navigate({ to: "/friends/$userId", params: { userId: person.id } });
          }}
        >
          {t("person.open")}
        </Button>
      )}
    </div>
  );
}
