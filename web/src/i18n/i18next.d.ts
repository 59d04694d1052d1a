/** Keys are typed from the English files; catalogue.test.ts keeps the Korean ones equal to them. */
import "i18next";
import type assets from "./en/assets.json";
import type chat from "./en/chat.json";
import type common from "./en/common.json";
import type developers from "./en/developers.json";
import type friends from "./en/friends.json";
import type identity from "./en/identity.json";
import type invitations from "./en/invitations.json";
import type more from "./en/more.json";
import type problems from "./en/problems.json";
import type requests from "./en/requests.json";
import type schedules from "./en/schedules.json";
import type transfers from "./en/transfers.json";
import type wallet from "./en/wallet.json";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "common";
    resources: {
      assets: typeof assets;
      chat: typeof chat;
      common: typeof common;
      developers: typeof developers;
      friends: typeof friends;
      identity: typeof identity;
      invitations: typeof invitations;
      more: typeof more;
      problems: typeof problems;
      requests: typeof requests;
      schedules: typeof schedules;
      transfers: typeof transfers;
      wallet: typeof wallet;
    };
  }
}
