import { describe, expect, test } from 'vitest';
import { available, open } from './support/engines.js';
import { compile, graphBuilder } from './support/internals.js';
import { floats, random } from './support/random.js';

/** Channels with the same numbers give the same bits, whichever block of the kernel they fall into. */
describe.each(available)('equal channels stay equal ($title)', ({ name }) => {
  const engine = available.find((one) => one.name === name) as (typeof available)[number];

  test.each([
    [169, 1000],
    [7, 67],
    [50, 130],
  ])('the mean of %i pixels of %i channels', (pixels, channels) => {
    const builder = graphBuilder();
    const x = builder.input('x', [pixels, channels]);
    const y = builder.node('reduce', 'mean', { kind: 'mean', axes: [0], keepDims: false }, [x]);
    const column = floats(random(pixels), pixels, -1e6, 1e6);
    const input = Float32Array.from({ length: pixels * channels }, (_, i) =>
      Number(column[Math.floor(i / channels)]),
    );
    const output = new Float32Array(channels);
    open(engine)
      .load(compile(builder.finish(y)))
      .runSync(1, [input], [output]);
    expect(new Set(output).size).toBe(1);
  });
});
