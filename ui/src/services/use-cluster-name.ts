/** The cluster's name, which questions before destructive acts say. */
import { useQuery } from "@tanstack/react-query";
import { showCapacity } from "#contracts/kernel/own-endpoints.ts";
import { keys } from "../data/keys.ts";
import { callEndpoint, daemonPaths } from "../data/request.ts";

/** Empty until it is known. */
export function useClusterName(): string {
  const capacity = useQuery({
    queryKey: keys.capacity,
    queryFn: ({ signal }) => callEndpoint(daemonPaths.kernel, showCapacity, { signal }),
  });
  return capacity.data?.clusterName ?? "";
}
