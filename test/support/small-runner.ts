/**
 * The part of vitest that test/ops uses, for machines where vitest cannot run (arm64 under emulation). Only what runs
 * on the native engine is run: the TypeScript engine is the same everywhere.
 */

import assert from 'node:assert';

type Body = () => void;

const groups: string[] = [];
const tests: { readonly name: string; readonly body: Body }[] = [];

function group(name: string, body: Body): void {
  groups.push(name);
  body();
  groups.pop();
}

function add(name: string, body: Body): void {
  const full = [...groups, name].join(' > ');
  if (full.includes('native')) tests.push({ name: full, body });
}

const skip = (): void => {};

export const describe = Object.assign(group, { skipIf: (no: boolean) => (no ? skip : group) });

export const test = Object.assign(add, {
  skipIf: (no: boolean) => (no ? skip : add),
  for:
    <T extends { readonly name: string }>(items: readonly T[]) =>
    (name: string, body: (item: T) => void) => {
      for (const item of items) add(name.replace('$name', item.name), () => body(item));
    },
});

export function expect(actual: unknown, message?: string) {
  return {
    toBe: (wanted: unknown) => assert.ok(Object.is(actual, wanted), message ?? `${actual} is not ${wanted}`),
    toEqual: (wanted: unknown) => assert.deepStrictEqual(actual, wanted, message),
    toBeLessThan: (limit: number) =>
      assert.ok((actual as number) < limit, message ?? `${actual} >= ${limit}`),
    toBeLessThanOrEqual: (limit: number) =>
      assert.ok((actual as number) <= limit, message ?? `${actual} > ${limit}`),
  };
}

/** Runs everything that was collected and prints the counts; a failure or an empty run is exit code 1. */
export function report(): void {
  const failures = tests.filter(({ name, body }) => {
    try {
      body();
      return false;
    } catch (error) {
      console.log(`failed: ${name}\n  ${error instanceof Error ? error.message : error}`);
      return true;
    }
  });
  console.log(`${tests.length - failures.length} passed, ${failures.length} failed`);
  process.exitCode = tests.length === 0 || failures.length > 0 ? 1 : 0;
}
