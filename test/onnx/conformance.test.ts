import { writeFileSync } from 'node:fs';
import { loadOnnx, NeocogError } from 'neocog';
import { afterAll, describe, expect, test } from 'vitest';
import { backends, type Engine } from '../support/engines.js';
import { type ConformanceCase, casesOf, conformanceMissing, suites } from '../support/onnx-cases.js';
import { compare } from '../support/onnx-compare.js';
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

async function run({ path, dataSets }: ConformanceCase, { options }: Engine): Promise<void> {
  compare(await loadOnnx(path, options), dataSets);
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
          await run(item, engine);
          outcome.passed.push(engine.name);
        });
      }
    }
  });

  test('no exception is wrong: what is skipped is refused with an error of this package', async () => {
    const accepted: string[] = [];
    for (const item of suites.flatMap(casesOf).filter(skipReason)) {
      const error = await run(item, js).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (!(error instanceof NeocogError)) accepted.push(`${item.name}: ${error}`);
    }
    expect(accepted).toEqual([]);
  });

  test('enough of them are no exceptions', () => {
    const tested = (suite: string): number =>
      outcomes.filter((outcome) => outcome.suite === suite && outcome.skipped === undefined).length;
    expect(tested('node')).toBeGreaterThanOrEqual(300);
    expect(tested('pytorch-converted')).toBeGreaterThanOrEqual(70);
  });

  afterAll(() => {
    const report = process.env.NEOCOG_CONFORMANCE_REPORT;
    if (report !== undefined) writeFileSync(report, JSON.stringify(outcomes));
  });
});
