/** Every feature's listeners on pushed events, in one place; they last while someone is signed in. */
import { listenToAssets } from "@/features/assets";
import { listenToChat } from "@/features/chat";
import { listenToFriends } from "@/features/friends";
import { listenToIdentity } from "@/features/identity";
import { listenToInvitations } from "@/features/invitations";
import { listenToMore } from "@/features/more";
import { listenToRequests } from "@/features/requests";
import { listenToSchedules } from "@/features/schedules";
import { listenToTransfers } from "@/features/transfers";
import { listenToWallet } from "@/features/wallet";
import { queryClient } from "@/lib/query";

const FEATURES = [
  listenToIdentity,
  listenToFriends,
  listenToChat,
  listenToTransfers,
  listenToRequests,
  listenToSchedules,
  listenToInvitations,
  listenToWallet,
  listenToAssets,
  listenToMore,
];

/** Start listening; the answer stops it. */
export function listenToEvents(): () => void {
  const stops = FEATURES.map((listen) => listen(queryClient));
  return () => {
    for (const stop of stops) stop();
  };
}
