// How everything here is timed: contestants in turn (A B A B ...), so that a change of the machine's clock or load
// meets all of them, and both the minimum and the median of the single calls are kept.
import { fork, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** Calls `call` for about `milliseconds` and gives the milliseconds of every call. */
export async function burst(call, milliseconds) {
  const times = [];
  const end = performance.now() + milliseconds;
  let now;
  do {
    const start = performance.now();
    const result = call();
    if (result instanceof Promise) await result;
    now = performance.now();
    times.push(now - start);
  } while (now < end);
  return times;
}

/** A contestant that runs in this process. */
export function here(name, call) {
  return { name, burst: (milliseconds) => burst(call, milliseconds), close() {} };
}

/** A contestant in a Node process of its own: `factory` of `module`, called with `args`, makes the call. */
export function nodeProcess(name, { module, factory, args = [], env = {} }) {
  const child = fork(new URL('worker.mjs', import.meta.url), { env: { ...process.env, ...env } });
  const ask = (message) =>
    new Promise((resolve, reject) => {
      const failed = (code) => reject(new Error(`${name}: the process ended with code ${code}`));
      child.once('exit', failed);
      child.once('message', (answer) => {
        child.off('exit', failed);
        if (answer.error) reject(new Error(`${name}: ${answer.error}`));
        else resolve(answer.times);
      });
      child.send(message);
    });
  const ready = ask({ module, factory, args });
  return {
    name,
    async burst(milliseconds) {
      await ready;
      return await ask({ milliseconds });
    },
    close: () => child.disconnect(),
  };
}

/** A contestant that is another program: a line with milliseconds in, a line of times out. */
export function program(name, command, args, env = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    name,
    async burst(milliseconds) {
      child.stdin.write(`${milliseconds}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name}: the program ended`);
      return value.split(' ').map(Number);
    },
    close: () => child.stdin.end(),
  };
}

const median = (sorted) => (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;

/**
 * Measures the contestants in turn. The first round only warms up. `pause` (ms) lets the threads of one engine go to
 * sleep before the next one computes. Gives { name, min, median, calls } for each, in milliseconds.
 */
export async function duel(contestants, { rounds = 5, milliseconds = 100, pause = 0 } = {}) {
  const times = contestants.map(() => []);
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const [i, contestant] of contestants.entries()) {
        const measured = await contestant.burst(milliseconds);
        if (round > 0) times[i].push(...measured);
        await sleep(pause);
      }
    }
  } finally {
    for (const contestant of contestants) contestant.close();
  }
  return contestants.map(({ name }, i) => {
    const sorted = times[i].sort((a, b) => a - b);
    return { name, min: sorted[0], median: median(sorted), calls: sorted.length };
  });
}

/** |y - r| / |r|, the distance of two answers. */
export function relativeL2(y, r) {
  let [difference, size] = [0, 0];
  for (let i = 0; i < r.length; i++) {
    difference += (y[i] - r[i]) ** 2;
    size += r[i] ** 2;
  }
  return Math.sqrt(difference / size);
}
