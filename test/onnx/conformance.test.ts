import { writeFileSync } from 'node:fs';
import { loadOnnx, NeocogError, type Tensor, tensor } from 'neocog';
import { afterAll, describe, expect, test } from 'vitest';
import { backends, type Engine } from '../support/engines.js';
import type { DataType, OnnxTensor } from '../support/internals.js';
import {
  type ConformanceCase,
  casesOf,
  conformanceMissing,
  difference,
  suites,
  tensorsOf,
} from '../support/onnx-cases.js';
import { skipReason } from '../support/onnx-skip.js';

/** What `scripts/conformance.mjs` makes its table of. */
interface Outcome {
  readonly suite: string;
  readonly name: string;
  readonly operators: readonly string[];
  readonly skipped?: string | undefined;
  /** Backends on which it passes. */
  readonly passed: string[];
}

const [js] = backends as readonly [Engine];
const outcomes: Outcome[] = [];

function given({ data, shape, type }: OnnxTensor): Tensor<DataType> {
  // One signature of several: which one is known when it runs.
  return tensor(data as Uint8Array, shape, type as 'bool');
}

async function compare({ path, dataSets }: ConformanceCase, { options }: Engine): Promise<void> {
  const model = await loadOnnx(path, options);
  for (const set of dataSets) {
    const inputs = tensorsOf(set, 'input');
    const call = Object.fromEntries(
      model.inputs.map(({ name }, i) => [name, given(inputs[i] as OnnxTensor)]),
    );
    const results = model.predictSync(call);
    const expected = tensorsOf(set, 'output');
    for (const [i, { name }] of model.outputs.entries()) {
      const result = results[name] as Tensor<DataType>;
      expect(difference(result, expected[i] as OnnxTensor), `output ${name}`).toBeUndefined();
    }
  }
}

describe.skipIf(conformanceMissing !== undefined)(`ONNX's own tests ${conformanceMissing ?? ''}`, () => {
  describe.each(suites)('%s', (suite) => {
    for (const item of casesOf(suite)) {
      const skipped = skipReason(item);
      const operators =
        typeof item.file === 'string' ? [] : [...new Set(item.file.nodes.map(({ op }) => op))];
      const outcome: Outcome = { suite, name: item.name, operators, skipped, passed: [] };
      outcomes.push(outcome);
      if (skipped !== undefined) {
        const [group] = skipped.split(':');
        describe(group as string, () => test.skip(`${item.name} (${skipped})`, () => undefined));
        continue;
      }
      for (const engine of backends) {
        test.skipIf(engine.missing !== undefined)(`${item.name}, ${engine.title}`, async () => {
          await compare(item, engine);
          outcome.passed.push(engine.name);
        });
      }
    }
  });

  test('no exception is wrong: what is skipped is refused with an error of this package', async () => {
    const accepted: string[] = [];
    for (const item of suites.flatMap(casesOf).filter(skipReason)) {
      const error = await compare(item, js).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (!(error instanceof NeocogError)) accepted.push(`${item.name}: ${error}`);
    }
    expect(accepted).toEqual([]);
  });

  test('enough of them are no exceptions', () => {
    const run = (suite: string): number =>
      outcomes.filter((outcome) => outcome.suite === suite && outcome.skipped === undefined).length;
    expect(run('node')).toBeGreaterThanOrEqual(300);
    expect(run('pytorch-converted')).toBeGreaterThanOrEqual(70);
  });

  afterAll(() => {
    const report = process.env.NEOCOG_CONFORMANCE_REPORT;
    if (report !== undefined) writeFileSync(report, JSON.stringify(outcomes));
  });
});
