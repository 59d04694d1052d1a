import { useQuery } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Avatar, Button, EmptyState, ErrorState, ListRow, ListSkeleton, toast } from "@/design";
import { blocksQuery, useUnblock } from "@/features/friends";
import { longDay } from "@/lib/dates";
import { problemText } from "@/lib/problem";
import type { Blocked } from "@/lib/wire";
import { Group, Page } from "../parts/Page";

/** Whom I blocked. */
export function BlockedScreen() {
  const { t } = useTranslation("more");
  const blocks = useQuery(blocksQuery);
  return (
    <Page title={t("blocked.title")}>
      {blocks.data === undefined ? (
        blocks.isError ? (
          <ErrorState error={blocks.error} onRetry={() => void blocks.refetch()} />
        ) : (
          <ListSkeleton rows={3} />
        )
      ) : blocks.data.length === 0 ? (
        <EmptyState
          icon={<ShieldCheck size={28} />}
          title={t("blocked.empty.title")}
          body={t("blocked.empty.body")}
        />
      ) : (
        <Group>
          <ul className="divide-y divide-line">
            {blocks.data.map((blocked) => (
              <BlockedRow key={blocked.person.id} blocked={blocked} />
            ))}
          </ul>
        </Group>
      )}
    </Page>
  );
}

function BlockedRow({ blocked: { person, since } }: { blocked: Blocked }) {
  const { t, i18n } = useTranslation("more");
  const { t: friends } = useTranslation("friends");
  const { t: problems } = useTranslation("problems");
  const unblock = useUnblock();
  return (
    <ListRow
      leading={<Avatar id={person.id} name={person.name} picture={person.picture_url} />}
      title={person.name}
      subtitle={t("blocked.since", { date: longDay(i18n.language, since) })}
      trailing={
        <Button
          size="small"
          busy={unblock.isPending}
          aria-label={`${t("blocked.unblock")} · ${person.name}`}
          onClick={() =>
            unblock.mutate(
              { userId: person.id },
              {
                onSuccess: () => toast(friends("block.undone")),
                onError: (problem) => toast(problemText(problems, problem), { tone: "danger" }),
              },
            )
          }
        >
          {t("blocked.unblock")}
        </Button>
      }
    />
  );
}
