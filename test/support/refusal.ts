import { NeocogError } from 'neocog';
import { expect } from 'vitest';

/** The error that `body` throws (or rejects with): one of ours, that says who, what was expected, and the value. */
export async function refusal(body: () => unknown): Promise<NeocogError> {
  let answer: unknown;
  try {
    answer = await body();
  } catch (error) {
    expect(error).toBeInstanceOf(NeocogError);
    return error as NeocogError;
  }
  throw new Error(`expected an error, got ${JSON.stringify(answer)?.slice(0, 200)}`);
}

/** Refused by an OptionError or a ShapeError whose message holds all of `parts`. */
export async function refused(body: () => unknown, ...parts: readonly (string | RegExp)[]): Promise<void> {
  const error = await refusal(body);
  expect(['ERR_OPTION', 'ERR_SHAPE']).toContain(error.code);
  expect(error.message).toMatch(/^[^:]+: /);
  for (const part of parts) expect(error.message).toMatch(part);
  expect(error.message.length, 'length of the message').toBeLessThan(600);
}
