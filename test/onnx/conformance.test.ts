import { describe, expect, test } from 'vitest';
import { backends } from '../support/engines.js';
import { casesOf, conformanceMissing, difference, suites, tensorsOf } from '../support/onnx-cases.js';
import { run } from '../support/onnx-driver.js';
import { skipReason } from '../support/onnx-skip.js';

describe.skipIf(conformanceMissing !== undefined)('conformance', () => {
  for (const suite of suites) {
    for (const item of casesOf(suite)) {
      const reason = skipReason(item);
      for (const engine of backends) {
        test.skipIf(reason !== undefined)(`${suite} ${item.name} ${engine.title} ${reason ?? ''}`, () => {
          if (typeof item.file === 'string') throw new Error(item.file);
          for (const set of item.dataSets) {
            const results = run(item.file, tensorsOf(set, 'input'), engine);
            for (const [i, expected] of tensorsOf(set, 'output').entries()) {
              expect(difference(results[i] as never, expected as never)).toBeUndefined();
            }
          }
        });
      }
    }
  }
});
