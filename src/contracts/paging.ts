/** What every list of our own shares: a window of a filtered, sorted whole. */
import { type TSchema, Type } from "./schema.ts";

/** Items in one answer. */
export const pageLimitMax = 1_000;

/** Query fields of a list. `filter`: words that must all occur, or `field:value`; `sort`: a field, `-field` descending. */
export const pageQuery = {
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
  /** 100 unless said. */
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: pageLimitMax })),
  filter: Type.Optional(Type.String({ maxLength: 500 })),
  sort: Type.Optional(Type.String({ maxLength: 50, pattern: "^-?[A-Za-z]+$" })),
};

/** `total`: items that match the filter, before the window. */
export const pageOf = <Item extends TSchema>(
  item: Item,
): ReturnType<
  typeof Type.Object<{ items: ReturnType<typeof Type.Array<Item>>; total: ReturnType<typeof Type.Integer> }>
> => Type.Object({ items: Type.Array(item), total: Type.Integer({ minimum: 0 }) });

/** The language of texts in an answer; English unless said. */
export const languageQuery = { language: Type.Optional(Type.Enum(["en", "zh"])) };
