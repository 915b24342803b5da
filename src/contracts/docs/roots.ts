/** Every public schema that is documented, by the name under which people ask for it. */
import type { TSchema } from "typebox";
import { AppInput } from "../services/app.ts";

export const documentedRoots = {
  app: AppInput,
} as const satisfies Record<string, TSchema>;

export type DocumentedRoot = keyof typeof documentedRoots;
