/** The sums over the cluster. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { ReplyOf } from "#contracts/endpoint.ts";
import { showCapacity } from "#contracts/kernel/own-endpoints.ts";
import { keys } from "./keys.ts";
import { callEndpoint, daemonPaths } from "./request.ts";

export type Capacity = ReplyOf<typeof showCapacity>;

export const useCapacity = (): UseQueryResult<Capacity> =>
  useQuery({
    queryKey: keys.capacity,
    queryFn: ({ signal }) => callEndpoint(daemonPaths.kernel, showCapacity, { signal }),
  });
