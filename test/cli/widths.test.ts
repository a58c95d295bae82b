import { expect, test } from 'vitest';
import { widthsFor } from '../support/internals.js';

/** `100.00 %`, ` 12.345 ms` and the gaps between columns. */
const figures = 25;
const long = 'x'.repeat(90);

test.each([45, 50, 60, 80, 100, 120, 200])('a line fits a terminal of %d columns', (columns) => {
  for (const [files, labels] of [
    [[long], [long]],
    [['a.jpg'], [long]],
    [[long], ['7']],
    [['a.jpg', 'b.jpg'], ['7']],
  ] as const) {
    const { file, label, bar } = widthsFor(columns, files, labels);
    expect(file + label + bar + figures).toBeLessThanOrEqual(columns);
    expect(Math.min(file, label)).toBeGreaterThan(0);
    expect(bar).toBeGreaterThanOrEqual(8);
  }
});

test('names have their whole width where there is room, control characters one each', () => {
  expect(widthsFor(Infinity, ['a\u001bb.jpg'], ['cat', 'horse'])).toEqual({ file: 7, label: 5, bar: 20 });
  expect(widthsFor(Infinity, [long], [long])).toEqual({ file: 40, label: 40, bar: 20 });
});
