/** Limits of every server; a connection over one is answered and closed. */
export const httpLimits = {
  bodyBytes: 8_388_608,
  headerBytes: 32_768,
  /** Time for a whole request head, then for a whole body. */
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  /** How long the rest of a refused body is read and dropped, so that its sender gets to see the answer. */
  lingerMs: 1_000,
  connections: 20_000,
  /** Smaller answers are not worth compressing, larger ones would hold the loop. */
  gzipBytesMin: 1_400,
  gzipBytesMax: 1_048_576,
} as const;
