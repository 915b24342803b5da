/** Every error code our own APIs can return, with its HTTP status. Documented one by one in docs/reference/errors.md. */
export const errorStatus = {
  InvalidRequest: 400,
  BodyTooLarge: 413,
  BodyTooDeep: 400,
  Unauthorized: 401,
  Forbidden: 403,
  ForeignOrigin: 403,
  HostNotAllowed: 421,
  NotFound: 404,
  MethodNotAllowed: 405,
  Conflict: 409,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  Internal: 500,
  NotAvailable: 501,
  NotLeader: 503,
  Overloaded: 503,
  StorageFailed: 503,
  Timeout: 504,
  Unreachable: 502,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof errorStatus;
