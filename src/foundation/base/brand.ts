declare const brand: unique symbol;

/** A string that only its parser makes, so that a `TaskId` can't be passed where an `AgentId` is meant. */
export type Id<Name extends string> = string & { readonly [brand]: Name };
