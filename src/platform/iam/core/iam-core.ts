/**
 * Who there is, and which login links work: a deterministic machine. Passwords, hashes and keys are made and checked
 * outside; what a link's token is, is never known here, only its digest.
 *
 * Invariants: there is always a superuser; a link works once and only before its end; an answer leaves when what it
 * says is durable.
 */
import { loginLinkLifeMs } from "#contracts/iam/own-endpoints.ts";
import { type Core, type InstantMs, noOutcome, type Outcome, type Write } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { type Credential, isService, isUid, type User, userFromJson, userKey, userToJson } from "./user.ts";

/** The superuser of a new cluster. It has no password until it gives itself one. */
export const firstSuperuser = "admin";
export const usersMax = 10_000;
/** Links that were not used yet; over the bound the oldest stops working. */
export const linksMax = 100;

export type Refusal =
  | "ERR_UNKNOWN_USER_ID"
  | "ERR_USER_EXISTS"
  | "ERR_INVALID_USER_ID"
  | "ERR_INVALID_DATA"
  | "ERR_NO_MORE_SUPERUSERS";

export type IamResult =
  | { readonly kind: "done"; readonly before: User | undefined; readonly after: User | undefined }
  | { readonly kind: "refused"; readonly code: Refusal; readonly problem: string }
  | { readonly kind: "link"; readonly uid: string; readonly expiresAt: InstantMs };

export type IamEvent =
  /** The first event: a cluster without a superuser gets one. */
  | { readonly kind: "started" }
  | {
      readonly kind: "createUser";
      readonly request: number;
      readonly uid: string;
      readonly description: string | undefined;
      readonly credential: Credential;
    }
  | {
      readonly kind: "changeUser";
      readonly request: number;
      readonly uid: string;
      readonly description: string | undefined;
      readonly passwordHash: string | undefined;
    }
  | { readonly kind: "removeUser"; readonly request: number; readonly uid: string }
  | { readonly kind: "createLink"; readonly request: number; readonly digest: string; readonly uid: string }
  | { readonly kind: "useLink"; readonly request: number; readonly digest: string };

export type UserChangeKind = "created" | "changed" | "removed";

export type IamEffect =
  | { readonly kind: "reply"; readonly request: number; readonly result: IamResult }
  | { readonly kind: "userChanged"; readonly uid: string; readonly change: UserChangeKind };

interface Link {
  readonly digest: string;
  readonly uid: string;
  readonly expiresAt: InstantMs;
}

export interface IamCore extends Core<IamEvent, IamEffect> {
  user(uid: string): User | undefined;
  /** By uid. */
  users(): readonly User[];
}

/** From the records of the store; others than users and links are left alone. */
export function createIamCore(records: ReadonlyMap<string, JsonValue>): IamCore {
  return new Iam(records);
}

const linkKey = (digest: string): string => `links/${digest}`;

class Iam implements IamCore {
  readonly #users = new Map<string, User>();
  readonly #links = new Map<string, Link>();

  constructor(records: ReadonlyMap<string, JsonValue>) {
    for (const [key, value] of records) {
      if (key.startsWith("users/")) {
        const user = userFromJson(value);
        this.#users.set(user.uid, user);
      } else if (key.startsWith("links/")) {
        const link = value as unknown as Link;
        this.#links.set(link.digest, link);
      }
    }
  }

  user(uid: string): User | undefined {
    return this.#users.get(uid);
  }

  users(): readonly User[] {
    return [...this.#users.values()].sort((one, other) => (one.uid < other.uid ? -1 : 1));
  }

  apply(event: IamEvent, now: InstantMs): Outcome<IamEffect> {
    switch (event.kind) {
      case "started":
        return this.#start(now);
      case "createUser":
        return this.#create(event, now);
      case "changeUser":
        return this.#change(event);
      case "removeUser":
        return this.#remove(event);
      case "createLink":
        return this.#createLink(event, now);
      case "useLink":
        return this.#useLink(event, now);
    }
  }

  wakeAt(): undefined {
    return undefined;
  }

  wake(): Outcome<IamEffect> {
    return noOutcome();
  }

  snapshot(): JsonValue {
    return {
      users: this.users().map(userToJson),
      links: [...this.#links.values()].map((link) => ({ ...link })),
    };
  }

  check(): readonly string[] {
    const problems: string[] = [];
    if (![...this.#users.values()].some(({ isSuperuser }) => isSuperuser))
      problems.push("there is no superuser");
    if (this.#links.size > linksMax) problems.push(`there are ${this.#links.size} links`);
    for (const { uid } of this.#links.values())
      if (!this.#users.has(uid)) problems.push(`a link logs ${uid} in, who does not exist`);
    return problems;
  }

  #start(now: InstantMs): Outcome<IamEffect> {
    if ([...this.#users.values()].some(({ isSuperuser }) => isSuperuser)) return noOutcome();
    return this.#store(
      {
        uid: firstSuperuser,
        description: "The superuser of this cluster",
        isSuperuser: true,
        createdAt: now,
        credential: { kind: "none" },
      },
      undefined,
    );
  }

  #create(event: IamEvent & { kind: "createUser" }, now: InstantMs): Outcome<IamEffect> {
    const { request, uid, description, credential } = event;
    if (!isUid(uid))
      return refuse(request, "ERR_INVALID_USER_ID", "a uid has 1 to 96 letters, digits and - _ @ .");
    if (this.#users.has(uid)) return refuse(request, "ERR_USER_EXISTS", `${uid} exists already`);
    if (this.#users.size >= usersMax)
      return refuse(request, "ERR_INVALID_DATA", `there are ${usersMax} users already; remove some first`);
    const user: User = {
      uid,
      description: description ?? "",
      isSuperuser: false,
      createdAt: now,
      credential,
    };
    return this.#store(user, request);
  }

  #change({
    request,
    uid,
    description,
    passwordHash,
  }: IamEvent & { kind: "changeUser" }): Outcome<IamEffect> {
    const user = this.#users.get(uid);
    if (user === undefined) return unknownUser(request, uid);
    if (passwordHash !== undefined && isService(user))
      return refuse(request, "ERR_INVALID_DATA", `${uid} is a service account: it has a key, no password`);
    return this.#store(
      {
        ...user,
        description: description ?? user.description,
        credential: passwordHash === undefined ? user.credential : { kind: "password", hash: passwordHash },
      },
      request,
    );
  }

  #remove({ request, uid }: IamEvent & { kind: "removeUser" }): Outcome<IamEffect> {
    const user = this.#users.get(uid);
    if (user === undefined) return unknownUser(request, uid);
    const superusers = [...this.#users.values()].filter(({ isSuperuser }) => isSuperuser);
    if (user.isSuperuser && superusers.length === 1)
      return refuse(request, "ERR_NO_MORE_SUPERUSERS", `${uid} is the last superuser`);
    this.#users.delete(uid);
    const links = [...this.#links.values()].filter((link) => link.uid === uid);
    for (const { digest } of links) this.#links.delete(digest);
    return {
      writes: [
        { kind: "delete", key: userKey(uid) },
        ...links.map(({ digest }): Write => ({ kind: "delete", key: linkKey(digest) })),
      ],
      effects: [
        { kind: "userChanged", uid, change: "removed" },
        { kind: "reply", request, result: { kind: "done", before: user, after: undefined } },
      ],
    };
  }

  #store(user: User, request: number | undefined): Outcome<IamEffect> {
    const before = this.#users.get(user.uid);
    this.#users.set(user.uid, user);
    return {
      writes: [{ kind: "put", key: userKey(user.uid), value: userToJson(user) }],
      effects: [
        { kind: "userChanged", uid: user.uid, change: before === undefined ? "created" : "changed" },
        ...(request === undefined
          ? []
          : [{ kind: "reply", request, result: { kind: "done", before, after: user } } as const]),
      ],
    };
  }

  #createLink(event: IamEvent & { kind: "createLink" }, now: InstantMs): Outcome<IamEffect> {
    const { request, digest, uid } = event;
    const user = this.#users.get(uid);
    if (user === undefined) return unknownUser(request, uid);
    if (isService(user))
      return refuse(request, "ERR_INVALID_DATA", `${uid} is a service account: no browser logs in as it`);
    const link: Link = { digest, uid, expiresAt: now + loginLinkLifeMs };
    const ended = [...this.#links.values()].filter(({ expiresAt }) => expiresAt <= now);
    for (const { digest: old } of ended) this.#links.delete(old);
    const oldest = this.#links.size < linksMax ? undefined : this.#links.values().next().value;
    if (oldest !== undefined) this.#links.delete(oldest.digest);
    this.#links.set(digest, link);
    const gone = oldest === undefined ? ended : [...ended, oldest];
    return {
      writes: [
        ...gone.map((each): Write => ({ kind: "delete", key: linkKey(each.digest) })),
        { kind: "put", key: linkKey(digest), value: { ...link } },
      ],
      effects: [{ kind: "reply", request, result: { kind: "link", uid, expiresAt: link.expiresAt } }],
    };
  }

  #useLink({ request, digest }: IamEvent & { kind: "useLink" }, now: InstantMs): Outcome<IamEffect> {
    const link = this.#links.get(digest);
    if (link === undefined || link.expiresAt <= now)
      return refuse(request, "ERR_INVALID_DATA", "this login link was used already, or its time is over");
    this.#links.delete(digest);
    return {
      writes: [{ kind: "delete", key: linkKey(digest) }],
      effects: [
        {
          kind: "reply",
          request,
          result: { kind: "link", uid: link.uid, expiresAt: link.expiresAt },
        },
      ],
    };
  }
}

function refuse(request: number, code: Refusal, problem: string): Outcome<IamEffect> {
  return {
    writes: [],
    effects: [{ kind: "reply", request, result: { kind: "refused", code, problem } }],
  };
}

const unknownUser = (request: number, uid: string): Outcome<IamEffect> =>
  refuse(request, "ERR_UNKNOWN_USER_ID", `there is no user ${uid.slice(0, 100)}`);
