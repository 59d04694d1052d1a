/** The service itself: version, network, health. Public, so it may be asked before signing in. */
import { queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api";

export const aboutQuery = queryOptions({
  queryKey: ["about"],
  queryFn: ({ signal }) => api("GET /api/v1/about", { signal }),
  staleTime: 10_000,
});
