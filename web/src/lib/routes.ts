/**
 * Every HTTP route the app calls: method and path, what is sent, what comes back. `api()` reads
 * this table, so a wrong path, body or answer type does not compile. One block a slice.
 */
import type * as W from "@/lib/wire";

export interface Routes {
  // identity
  "POST /api/v1/auth/challenges": { body: W.ChallengeAsk; answer: W.Challenge };
  "POST /api/v1/auth/sessions": { body: W.SignInAsk; answer: W.SignedIn };
  "GET /api/v1/auth/sessions": { answer: W.Page<W.Session> };
  "DELETE /api/v1/auth/sessions": { answer: undefined };
  "DELETE /api/v1/auth/sessions/{id}": { answer: undefined };
  "DELETE /api/v1/auth/sessions/current": { answer: undefined };
  "GET /api/v1/me": { answer: W.Me };
  "PATCH /api/v1/me": { body: W.ProfileAsk; answer: W.Me };
  "PUT /api/v1/me/picture": { body: Blob; answer: W.Me };
  "DELETE /api/v1/me/picture": { answer: W.Me };
  "GET /api/v1/about": { answer: W.About };

  // social
  "POST /api/v1/friends/search": { body: W.FriendSearchAsk; answer: W.FriendSearchResult };
  "GET /api/v1/friends": { answer: W.Friend[] };
  "DELETE /api/v1/friends/{user_id}": { query: { side: W.RemovalSide }; answer: undefined };
  "GET /api/v1/friend-requests": { answer: W.FriendRequest[] };
  "POST /api/v1/friend-requests": { body: W.FriendRequestAsk; answer: W.FriendRequest };
  "POST /api/v1/friend-requests/{id}/accept": { answer: W.FriendRequest };
  "POST /api/v1/friend-requests/{id}/decline": { answer: W.FriendRequest };
  "POST /api/v1/friend-requests/{id}/cancel": { answer: W.FriendRequest };
  "GET /api/v1/blocks": { answer: W.Blocked[] };
  "PUT /api/v1/blocks/{user_id}": { answer: W.Blocked };
  "DELETE /api/v1/blocks/{user_id}": { answer: undefined };

  // chat
  "GET /api/v1/rooms": { query?: { cursor?: string }; answer: W.Page<W.Room> };
  "POST /api/v1/rooms/direct": { body: W.DirectRoomAsk; answer: W.Room };
  "GET /api/v1/rooms/{id}": { answer: W.Room };
  "GET /api/v1/rooms/{id}/events": {
    query?: { after?: number; before?: number; limit?: number };
    answer: W.RoomEvents;
  };
  "POST /api/v1/rooms/{id}/messages": { body: W.MessageAsk; answer: W.Message };
  "PUT /api/v1/rooms/{id}/cursor": { body: W.CursorAsk; answer: undefined };
  "POST /api/v1/rooms/{id}/accept": { answer: W.Room };
  "DELETE /api/v1/rooms/{id}/request": { answer: undefined };

  // wallet
  "GET /api/v1/wallet": { answer: W.Wallet };
  "GET /api/v1/wallet/activity": { query?: { cursor?: string }; answer: W.Page<W.Activity> };
  "GET /api/v1/wallet/worker-key": { answer: W.WorkerKey };
  "PUT /api/v1/wallet/pin": { body: W.PinAsk; answer: undefined };
  "POST /api/v1/wallet/recovery-code": { body: W.RecoveryCodeAsk; answer: undefined };
  "GET /api/v1/wallet/recoveries": { answer: W.Recovery[] };
  "POST /api/v1/wallet/recoveries": { body: W.RecoveryAsk; answer: W.Recovery };
  "POST /api/v1/wallet/recoveries/{id}/consent": { body: W.ConsentAsk; answer: W.Recovery };
  "POST /api/v1/wallet/recoveries/{id}/veto": { answer: W.Recovery };

  // transfers
  "GET /api/v1/transfers": { query?: { cursor?: string }; answer: W.Page<W.Transfer> };
  "POST /api/v1/transfers": { body: W.TransferAsk; answer: W.Transfer };
  "POST /api/v1/transfers/checks": { body: W.TransferAsk; answer: W.TransferCheck };
  "GET /api/v1/transfers/{id}": { answer: W.Transfer };
  "POST /api/v1/transfers/{id}/approve": { body: W.ApproveAsk; answer: W.Transfer };
  "POST /api/v1/transfers/{id}/cancel": { answer: W.Transfer };
}
