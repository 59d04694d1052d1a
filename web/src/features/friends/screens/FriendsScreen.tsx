import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import { Search, UserPlus, UsersRound } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  Avatar,
  Button,
  EmptyState,
  ErrorState,
  IconButton,
  List,
  ListSkeleton,
  PageHeader,
  RowContent,
  rowClass,
  SplitView,
  TextField,
} from "@/design";
import { useMe } from "@/features/identity";
import { i18n } from "@/i18n";
import { useShowsDetail } from "@/lib/pane";
import { byName, matches } from "../order";
import { Requests } from "../parts/Requests";
import { StatusText } from "../parts/StatusText";
import { friendsQuery, requestsQuery } from "../queries";

/** From this many friends on, a name is found faster by typing. */
const FILTER_FROM = 8;

const AddSheet = lazy(async () => {
  const [module] = await Promise.all([
    import("../parts/AddSheet"),
    i18n.loadNamespaces("identity"),
  ]);
  return { default: module.AddSheet };
});

/** Me, who asks, and my friends. */
export function FriendsScreen() {
  const { t } = useTranslation("friends");
  const [adding, setAdding] = useState(false);
  return (
    <SplitView
      showsDetail={useShowsDetail()}
      list={
        <>
          <PageHeader
            large
            title={t("title")}
            actions={
              <IconButton label={t("add")} onClick={() => setAdding(true)}>
                <UserPlus size={24} aria-hidden="true" />
              </IconButton>
            }
          />
          <div className="min-h-0 flex-1 overflow-y-auto pb-4">
            <MyRow />
            <FriendList onAdd={() => setAdding(true)} />
          </div>
          {adding && (
            <Suspense>
              <AddSheet onClose={() => setAdding(false)} />
            </Suspense>
          )}
        </>
      }
    >
      <Outlet />
    </SplitView>
  );
}

function MyRow() {
  const { t } = useTranslation("friends");
  const me = useMe();
  return (
    <Link to="/more/profile" className={rowClass()}>
      <RowContent
        leading={<Avatar id={me.id} name={me.name} picture={me.picture_url} size={52} />}
        title={me.name}
        subtitle={t("me")}
      />
    </Link>
  );
}

function FriendList({ onAdd }: { onAdd: () => void }) {
  const { t, i18n: language } = useTranslation("friends");
  const [wanted, setWanted] = useState("");
  const { userId } = useParams({ strict: false });
  const friends = useQuery(friendsQuery);
  const requests = useQuery(requestsQuery);

  if (friends.isPending) return <ListSkeleton />;
  if (friends.isError && friends.data === undefined) {
    return <ErrorState error={friends.error} onRetry={() => void friends.refetch()} />;
  }
  const all = byName(friends.data, language.language);
  const shown = all.filter(({ person }) => matches(person.name, wanted));
  return (
    <>
      {requests.data !== undefined && <Requests requests={requests.data} />}
      {all.length === 0 ? (
        <EmptyState
          icon={<UsersRound size={28} />}
          title={t("empty.title")}
          body={t("empty.body")}
          action={
            <Button tone="primary" onClick={onAdd}>
              {t("add")}
            </Button>
          }
        />
      ) : (
        <>
          {all.length >= FILTER_FROM && (
            <div className="px-5 pt-2 pb-1">
              <TextField
                label={t("filter")}
                labelHidden
                type="search"
                placeholder={t("filter")}
                value={wanted}
                onChange={(event) => setWanted(event.currentTarget.value)}
                leading={<Search size={20} aria-hidden="true" className="text-text-3" />}
              />
            </div>
          )}
          <List heading={t("friends", { count: all.length })}>
            {shown.map(({ person, online, last_seen_at }) => (
              <li key={person.id}>
                <Link
                  to="/friends/$userId"
                  params={{ userId: person.id }}
                  className={rowClass({ selected: person.id === userId })}
                >
                  <RowContent
                    leading={
                      <Avatar
                        id={person.id}
                        name={person.name}
                        picture={person.picture_url}
                        online={online}
                      />
                    }
                    title={person.name}
                    subtitle={<StatusText online={online} seenAt={last_seen_at} />}
                  />
                </Link>
              </li>
            ))}
          </List>
          {shown.length === 0 && (
            <p className="px-5 py-8 text-center text-small text-text-3">{t("no_match")}</p>
          )}
        </>
      )}
    </>
  );
}
