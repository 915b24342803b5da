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
import { type AccessEvent, type AccessRefusal, judgeAccess } from "./access-changes.ts";
import { recordToJson } from "./access-records.ts";
import { firstChanges } from "./beginning.ts";
import { type Change, Directory, sorted } from "./directory.ts";
import { type Credential, isService, isUid, type User, userToJson } from "./user.ts";

export const usersMax = 10_000;
/** Links that were not used yet; over the bound the oldest stops working. */
export const linksMax = 100;

export type Refusal =
  | "ERR_UNKNOWN_USER_ID"
  | "ERR_USER_EXISTS"
  | "ERR_INVALID_USER_ID"
  | "ERR_INVALID_DATA"
  | "ERR_NO_MORE_SUPERUSERS"
  | AccessRefusal;

export type IamResult =
  | { readonly kind: "done" }
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
  | { readonly kind: "useLink"; readonly request: number; readonly digest: string }
  | (AccessEvent & { readonly request: number });

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
  /** Read only: every change goes through `apply`. */
  readonly directory: Directory;
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
  readonly directory: Directory;
  readonly #links = new Map<string, Link>();

  constructor(records: ReadonlyMap<string, JsonValue>) {
    this.directory = new Directory(records);
    for (const [key, value] of records) {
      if (!key.startsWith("links/")) continue;
      const link = value as unknown as Link;
      this.#links.set(link.digest, link);
    }
  }

  user(uid: string): User | undefined {
    return this.directory.users.get(uid);
  }

  users(): readonly User[] {
    return sorted(this.directory.users);
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
      default:
        return this.#changeAccess(event);
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
      groups: sorted(this.directory.groups).map(recordToJson),
      acls: sorted(this.directory.acls).map(recordToJson),
      links: [...this.#links.values()].map((link) => ({ ...link })),
    };
  }

  check(): readonly string[] {
    const problems = [...this.directory.check()];
    if (this.#links.size > linksMax) problems.push(`there are ${this.#links.size} links`);
    for (const { uid } of this.#links.values())
      if (!this.directory.users.has(uid)) problems.push(`a link logs ${uid} in, who does not exist`);
    return problems;
  }

  #start(now: InstantMs): Outcome<IamEffect> {
    return this.#apply(firstChanges(this.directory, now), undefined, []);
  }

  #create(event: IamEvent & { kind: "createUser" }, now: InstantMs): Outcome<IamEffect> {
    const { request, uid, description, credential } = event;
    if (!isUid(uid))
      return refuse(request, "ERR_INVALID_USER_ID", "a uid has 1 to 96 letters, digits and - _ @ .");
    if (this.directory.users.has(uid)) return refuse(request, "ERR_USER_EXISTS", `${uid} exists already`);
    if (this.directory.users.size >= usersMax)
      return refuse(request, "ERR_INVALID_DATA", `there are ${usersMax} users already; remove some first`);
    const user: User = {
      uid,
      description: description ?? "",
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
    const user = this.directory.users.get(uid);
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
    const user = this.directory.users.get(uid);
    if (user === undefined) return unknownUser(request, uid);
    const outcome = this.#apply(
      [
        { table: "users", id: uid, value: undefined },
        ...this.directory.withoutSubject({ kind: "user", id: uid }),
      ],
      request,
      [{ uid, change: "removed" }],
    );
    if (this.directory.users.has(uid)) return outcome;
    const links = [...this.#links.values()].filter((link) => link.uid === uid);
    for (const { digest } of links) this.#links.delete(digest);
    return {
      writes: [
        ...outcome.writes,
        ...links.map(({ digest }): Write => ({ kind: "delete", key: linkKey(digest) })),
      ],
      effects: outcome.effects,
    };
  }

  #store(user: User, request: number): Outcome<IamEffect> {
    const change = this.directory.users.has(user.uid) ? "changed" : "created";
    return this.#apply([{ table: "users", id: user.uid, value: user }], request, [{ uid: user.uid, change }]);
  }

  #changeAccess(event: AccessEvent & { readonly request: number }): Outcome<IamEffect> {
    const verdict = judgeAccess(this.directory, event);
    if (verdict.kind === "refused") return refuse(event.request, verdict.code, verdict.problem);
    const affected = [...new Set(verdict.affected)].map((uid) => ({ uid, change: "changed" }) as const);
    return this.#apply(verdict.changes, event.request, affected);
  }

  /** All of the changes, or a refusal: what happens to whom is told before the answer. */
  #apply(
    changes: readonly Change[],
    request: number | undefined,
    told: readonly { readonly uid: string; readonly change: UserChangeKind }[],
  ): Outcome<IamEffect> {
    const writes = this.directory.change(changes);
    if (writes === undefined)
      return request === undefined
        ? noOutcome()
        : refuse(request, "ERR_NO_MORE_SUPERUSERS", "no superuser would be left");
    return {
      writes,
      effects: [
        ...told.map((each): IamEffect => ({ kind: "userChanged", ...each })),
        ...(request === undefined ? [] : [{ kind: "reply", request, result: { kind: "done" } } as const]),
      ],
    };
  }

  #createLink(event: IamEvent & { kind: "createLink" }, now: InstantMs): Outcome<IamEffect> {
    const { request, digest, uid } = event;
    const user = this.directory.users.get(uid);
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
