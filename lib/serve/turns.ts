/** Somebody who shares the engine with others. */
export interface Sharer {
  /** Whether it would use a turn now. */
  readonly ready: boolean;
  /** Uses a turn; the milliseconds of the engine that it took come back. */
  take(): Promise<number>;
}

/** Turns in use at once: while the engine computes one batch the next one lies ready, and what comes later is gathered. */
const maxTurns = 2;

/** What is known of a sharer that waits for a turn or has one. */
interface Account {
  /** Milliseconds of the engine, on the common scale. */
  used: number;
  /** Of its last turn: what the next one is taken to cost until it ends. */
  cost: number;
}

const accounts = new WeakMap<Sharer, Account>();
const waiting = new Set<Sharer>();
let turns = 0;
/** How far the engine has come on the common scale: what the sharer of the latest turn had used before it. */
let clock = 0;
let scheduled = false;

/**
 * Asks for turns for as long as it is ready. They go to the one that has used the least: start-time fair queueing (Goyal,
 * Vin, Cheng 1996), where one who comes back after a while starts with what the present ones have.
 */
export function enter(sharer: Sharer): void {
  if (!waiting.has(sharer)) {
    const account = accounts.get(sharer) ?? { used: clock, cost: 0 };
    account.used = Math.max(account.used, clock);
    accounts.set(sharer, account);
    waiting.add(sharer);
  }
  schedule();
}

export function leave(sharer: Sharer): void {
  waiting.delete(sharer);
}

/** Turns are given when everything that has arrived by now is read: it goes with the same batch. */
function schedule(): void {
  if (scheduled || turns >= maxTurns) return;
  scheduled = true;
  setImmediate(() => {
    scheduled = false;
    give();
  });
}

/** Gives the turns that are free. */
export function give(): void {
  while (turns < maxTurns) {
    const next = leastUsed();
    if (!next) return;
    void use(next, accounts.get(next) as Account);
  }
}

function leastUsed(): Sharer | undefined {
  let found: Sharer | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const sharer of waiting) {
    const { used } = accounts.get(sharer) as Account;
    if (used >= least || !sharer.ready) continue;
    found = sharer;
    least = used;
  }
  return found;
}

async function use(sharer: Sharer, account: Account): Promise<void> {
  turns++;
  clock = Math.max(clock, account.used);
  const expected = account.cost;
  account.used += expected;
  const cost = await sharer.take();
  account.used += cost - expected;
  account.cost = cost;
  turns--;
  schedule();
}
