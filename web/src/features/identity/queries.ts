/** Who I am and where I am signed in. */
import {
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
  useSuspenseQuery,
} from "@tanstack/react-query";
import { i18n } from "@/i18n";
import { api } from "@/lib/api";
import type { ApiProblem } from "@/lib/problem";
import type { Challenge, Me, ProfileAsk, SignedIn } from "@/lib/wire";
import { deviceName, deviceToken, keepDeviceToken } from "./device";

export const identityKeys = {
  me: ["me"] as const,
  sessions: ["sessions"] as const,
};

export const meQuery = queryOptions({
  queryKey: identityKeys.me,
  queryFn: ({ signal }) => api("GET /api/v1/me", { signal }),
  staleTime: 5 * 60_000,
});

/** Me; inside the shell it is always there. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data;
}

/** Forget everything that was read as the person who was signed in. */
export function forgetSession(client: QueryClient): void {
  client.getQueryCache().clear();
}

/** Ask for a code. */
export function useChallenge() {
  return useMutation<Challenge, ApiProblem, { phone: string; region?: string }>({
    mutationFn: ({ phone, region }) =>
      api("POST /api/v1/auth/challenges", {
        body: { phone, region: region ?? null, device_token: deviceToken() },
      }),
  });
}

/** Exchange a code for a session. */
export function useSignIn() {
  const client = useQueryClient();
  return useMutation<SignedIn, ApiProblem, { challenge: Challenge; code: string }>({
    mutationFn: ({ challenge, code }) =>
      api("POST /api/v1/auth/sessions", {
        body: {
          challenge_id: challenge.id,
          secret: challenge.secret,
          code,
          transport: "cookie",
          device_name: deviceName(navigator.userAgent),
          device_token: deviceToken(),
        },
      }),
    onSuccess: (signedIn) => {
      // Nothing that was read as someone else may be seen.
      client.getQueryCache().clear();
      keepDeviceToken(signedIn.device_token);
      client.setQueryData(identityKeys.me, signedIn.me);
    },
  });
}

interface ProfileChange extends ProfileAsk {
  /** A new picture; null takes the picture away. */
  picture?: Blob | null;
}

/** Change name, language or picture. */
export function useSaveProfile() {
  const client = useQueryClient();
  return useMutation<Me, ApiProblem, ProfileChange>({
    mutationFn: async ({ picture, ...profile }) => {
      let me: Me | undefined;
      if (picture instanceof Blob) me = await api("PUT /api/v1/me/picture", { body: picture });
      if (picture === null) me = await api("DELETE /api/v1/me/picture");
      if (me === undefined || Object.keys(profile).length > 0) {
        me = await api("PATCH /api/v1/me", { body: profile });
      }
      return me;
    },
    onSuccess: (me) => client.setQueryData(identityKeys.me, me),
  });
}

/** The language as the server should use it for this person. */
export function currentLocale(): "ko" | "en" {
  return i18n.language === "en" ? "en" : "ko";
}
