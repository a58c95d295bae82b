import { expect, test } from 'vitest';
import { duration, perSecond, progress } from '../support/internals.js';

/** A stream that remembers, and a clock that is set by hand. */
function stage(isTTY: boolean) {
  const written: string[] = [];
  let time = 0;
  return {
    written,
    stream: { isTTY, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream,
    now: () => time,
    at(ms: number) {
      time = ms;
    },
  };
}

test('a terminal has a bar with the rate and the time that is left', () => {
  const { written, at, ...options } = stage(true);
  const status = progress(1000, options);
  at(10_000);
  status.draw(250);
  expect(written).toEqual([`${'█'.repeat(7)}▌${' '.repeat(22)} 250/1000, 25.0/s, 30 s left`]);
  status.clear();
  expect(written.at(-1)).toBe('\r\u001b[K');
  status.draw(251);
  expect(written).toHaveLength(2);
  at(20_000);
  status.draw(1000);
  expect(written).toHaveLength(2);
});

test('off a terminal there is a line now and then, and what was done before is not in the rate', () => {
  const { written, at, ...options } = stage(false);
  const status = progress(3000, { before: 1000, linesEvery: 5000, ...options });
  at(4999);
  status.draw(1400);
  expect(written).toEqual([]);
  at(5000);
  status.draw(1500);
  at(9000);
  status.draw(1900);
  expect(written).toEqual(['neocog: 1500/3000, 100/s, 15 s left\n']);
});

test('off a terminal nothing is written unless lines are asked for, and on one nothing for little work', () => {
  for (const [terminal, total] of [
    [false, 1000],
    [true, 19],
  ] as const) {
    const { written, at, ...options } = stage(terminal);
    const status = progress(total, options);
    at(60_000);
    status.draw(10);
    expect(written).toEqual([]);
  }
});

test('rates and durations', () => {
  expect([perSecond(0.25), perSecond(99.94), perSecond(1234.5)]).toEqual(['0.3/s', '99.9/s', '1235/s']);
  expect([duration(0.2), duration(59.5), duration(125), duration(12_000)]).toEqual([
    '1 s',
    '1 min 0 s',
    '2 min 5 s',
    '3 h 20 min',
  ]);
});
