/** The one cache of what the cluster said. The event stream says when an entry is old; nothing polls by default. */
import { QueryCache, QueryClient } from "@tanstack/react-query";
import { RequestFailed } from "./request.ts";

/** `onUnauthorized` is called when the door no longer knows who asks. */
export function createQueryClient(onUnauthorized: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (error instanceof RequestFailed && error.status === 401) onUnauthorized();
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        gcTime: 60_000,
        retry: (failures, error) => failures < 2 && isPassing(error),
        retryDelay: (attempt) => Math.min(4_000, 500 * 2 ** attempt),
        refetchOnWindowFocus: true,
      },
    },
  });
}

/** Whether asking again may help: nothing was reached, or the daemon is starting or busy. */
function isPassing(error: unknown): boolean {
  return error instanceof RequestFailed && [0, 429, 502, 503, 504].includes(error.status);
}
