/**
 * Every address of the app. A route is thin: who may come, and which screen of which feature shows.
 * `staticData.pane: "detail"` marks what takes the list's place on a phone and hides the tab bar.
 */
import {
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { meQuery } from "@/features/identity";
import { isProblem } from "@/lib/problem";
import { queryClient } from "@/lib/query";
import { CrashScreen, MissingScreen, PendingScreen } from "./fallbacks";
import { screen } from "./screen";
import { Shell } from "./Shell";

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
  interface StaticDataRouteOption {
    pane?: "detail";
  }
}

const detail = { pane: "detail" } as const;

const root = createRootRoute({ component: Outlet });

/** Only an address of ours may be where signing in leads. */
function ownPath(value: unknown): string | undefined {
  return typeof value === "string" && /^\/(?![/\\])/.test(value) ? value : undefined;
}

const signin = createRoute({
  getParentRoute: () => root,
  path: "/signin",
  validateSearch: (search: Record<string, unknown>): { next?: string } => {
    const next = ownPath(search.next);
    return next === undefined ? {} : { next };
  },
  component: screen(() => import("@/features/identity/screens/SignInScreen"), "SignInScreen", [
    "identity",
  ]),
});

const welcome = createRoute({
  getParentRoute: () => root,
  path: "/welcome",
  validateSearch: (search: Record<string, unknown>): { next?: string } => {
    const next = ownPath(search.next);
    return next === undefined ? {} : { next };
  },
  beforeLoad: async ({ location }) => {
    await signedIn(location.href);
  },
  component: screen(() => import("@/features/identity/screens/WelcomeScreen"), "WelcomeScreen", [
    "identity",
  ]),
});

/** Who is signed in; everyone else is led to the sign-in and back. */
async function signedIn(href: string) {
  try {
    return await queryClient.query({ ...meQuery, staleTime: "static" });
  } catch (error) {
    if (isProblem(error) && error.status === 401) {
      throw redirect({ to: "/signin", search: href === "/" ? {} : { next: href }, replace: true });
    }
    throw error;
  }
}

const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  beforeLoad: async ({ location }) => {
    const me = await signedIn(location.href);
    if (me.name === "") throw redirect({ to: "/welcome", replace: true });
  },
  component: Shell,
});

const home = createRoute({
  getParentRoute: () => app,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/chats", replace: true });
  },
});

const friends = createRoute({
  getParentRoute: () => app,
  path: "/friends",
  component: screen(() => import("@/features/friends/screens/FriendsScreen"), "FriendsScreen", [
    "friends",
  ]),
});
const friendsEmpty = createRoute({
  getParentRoute: () => friends,
  path: "/",
  component: screen(() => import("@/features/friends/screens/NoFriendChosen"), "NoFriendChosen", [
    "friends",
  ]),
});
const person = createRoute({
  getParentRoute: () => friends,
  path: "$userId",
  staticData: detail,
  component: screen(() => import("@/features/friends/screens/PersonScreen"), "PersonScreen", [
    "friends",
  ]),
});

const chats = createRoute({
  getParentRoute: () => app,
  path: "/chats",
  component: screen(() => import("@/features/chat/screens/ChatsScreen"), "ChatsScreen", ["chat"]),
});
const chatsEmpty = createRoute({
  getParentRoute: () => chats,
  path: "/",
  component: screen(() => import("@/features/chat/screens/NoRoomChosen"), "NoRoomChosen", ["chat"]),
});
const room = createRoute({
  getParentRoute: () => chats,
  path: "$roomId",
  staticData: detail,
  component: screen(() => import("@/features/chat/screens/RoomScreen"), "RoomScreen", [
    "chat",
    "transfers",
    "requests",
  ]),
});

const wallet = createRoute({
  getParentRoute: () => app,
  path: "/wallet",
  component: screen(() => import("@/features/wallet/screens/WalletScreen"), "WalletScreen", [
    "wallet",
    "transfers",
    "invitations",
  ]),
});
const walletEmpty = createRoute({
  getParentRoute: () => wallet,
  path: "/",
  component: screen(() => import("@/features/wallet/screens/NoActivityChosen"), "NoActivityChosen", [
    "wallet",
  ]),
});
const activity = createRoute({
  getParentRoute: () => wallet,
  path: "activity/$id",
  staticData: detail,
  component: screen(() => import("@/features/wallet/screens/ActivityScreen"), "ActivityScreen", [
    "wallet",
    "transfers",
  ]),
});
const assets = createRoute({
  getParentRoute: () => wallet,
  path: "assets",
  staticData: detail,
  component: screen(() => import("@/features/assets/screens/AssetsScreen"), "AssetsScreen", [
    "assets",
    "transfers",
    "wallet",
  ]),
});

const more = createRoute({
  getParentRoute: () => app,
  path: "/more",
  component: screen(() => import("@/features/more/screens/MoreScreen"), "MoreScreen", ["more"]),
});
const moreEmpty = createRoute({
  getParentRoute: () => more,
  path: "/",
  component: screen(() => import("@/features/more/screens/NothingChosen"), "NothingChosen", ["more"]),
});
const profile = createRoute({
  getParentRoute: () => more,
  path: "profile",
  staticData: detail,
  component: screen(() => import("@/features/more/screens/ProfileScreen"), "ProfileScreen", [
    "more",
    "identity",
  ]),
});
const devices = createRoute({
  getParentRoute: () => more,
  path: "devices",
  staticData: detail,
  component: screen(() => import("@/features/more/screens/DevicesScreen"), "DevicesScreen", ["more"]),
});
const appearance = createRoute({
  getParentRoute: () => more,
  path: "appearance",
  staticData: detail,
  component: screen(() => import("@/features/more/screens/AppearanceScreen"), "AppearanceScreen", [
    "more",
  ]),
});
const schedules = createRoute({
  getParentRoute: () => more,
  path: "schedules",
  staticData: detail,
  component: screen(
    () => import("@/features/schedules/screens/SchedulesScreen"),
    "SchedulesScreen",
    ["schedules"],
  ),
});
const blocked = createRoute({
  getParentRoute: () => more,
  path: "blocked",
  staticData: detail,
  component: screen(() => import("@/features/more/screens/BlockedScreen"), "BlockedScreen", [
    "more",
    "friends",
  ]),
});
const developers = createRoute({
  getParentRoute: () => more,
  path: "developers",
  staticData: detail,
  component: screen(() => import("@/features/more/screens/DevelopersScreen"), "DevelopersScreen", [
    "more",
    "developers",
  ]),
});
const webhook = createRoute({
  getParentRoute: () => more,
  path: "developers/$webhookId",
  staticData: detail,
  component: screen(() => import("@/features/more/screens/WebhookScreen"), "WebhookScreen", [
    "more",
    "developers",
  ]),
});
const about = createRoute({
  getParentRoute: () => more,
  path: "about",
  staticData: detail,
  component: screen(() => import("@/features/more/screens/AboutScreen"), "AboutScreen", ["more"]),
});

const routeTree = root.addChildren([
  signin,
  welcome,
  app.addChildren([
    home,
    friends.addChildren([friendsEmpty, person]),
    chats.addChildren([chatsEmpty, room]),
    wallet.addChildren([walletEmpty, activity, assets]),
    more.addChildren([
      moreEmpty,
      profile,
      devices,
      appearance,
      blocked,
      schedules,
      developers,
      webhook,
      about,
    ]),
  ]),
]);

export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  defaultPendingMs: 200,
  defaultPendingComponent: PendingScreen,
  defaultErrorComponent: CrashScreen,
  defaultNotFoundComponent: MissingScreen,
  scrollRestoration: true,
});
