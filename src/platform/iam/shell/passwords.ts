/** Passwords as Argon2id hashes, made and checked on the thread pool, a few at a time. */
import type { ErrorCode } from "#contracts/errors.ts";
import { CodedError } from "#foundation/base/errors.ts";

/** OWASP's first choice for Argon2id: 19 MiB, 2 passes. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Each takes a thread of the pool and 19 MiB while it runs. */
const runningMax = 2;
const waitingMax = 100;

export class Passwords {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  #decoy: string | undefined;

  hash(password: string): Promise<string> {
    return this.#inTurn(async () => (await argon2()).hash(password, cost));
  }

  /** Takes the same time for a user without a hash, so that the time tells nothing of who exists. */
  verify(password: string, hash: string | undefined): Promise<boolean> {
    return this.#inTurn(async () => {
      const { hash: make, verify } = await argon2();
      this.#decoy ??= await make("a password that nobody has", cost);
      const matches = await verify(hash ?? this.#decoy, password);
      return matches && hash !== undefined;
    });
  }

  /** Throws `Overloaded` when too many wait. */
  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= runningMax) {
      if (this.#waiting.length >= waitingMax)
        throw new CodedError<ErrorCode>("Overloaded", "too many logins at once; try again in a moment");
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}

/** Loaded with the first password: an idle cluster does without it. */
const argon2 = (): Promise<typeof import("@node-rs/argon2")> => import("@node-rs/argon2");
