import { loadOnnx } from 'neocog';
import { describe, test } from 'vitest';
import { type OnnxFile, type OnnxPort, writeOnnx } from '../support/internals.js';
import { casesOf, conformanceMissing, suites } from '../support/onnx-cases.js';
import { compare } from '../support/onnx-compare.js';
import { skipReason } from '../support/onnx-skip.js';

/** The file with other shapes of its inputs, and outputs of any shape. */
function declared(file: OnnxFile, shapeOf: (port: OnnxPort) => OnnxPort['shape']): Uint8Array {
  const inputs = file.inputs.map((port) => ({ ...port, shape: shapeOf(port) }));
  const outputs = file.outputs.map((port) => ({ ...port, shape: undefined }));
  return writeOnnx({ ...file, inputs, outputs });
}

const variants: readonly (readonly [string, (port: OnnxPort) => OnnxPort['shape']])[] = [
  ['a free batch', ({ shape }) => shape?.map((length, axis) => (axis === 0 ? 'n' : length))],
  ['free lengths', ({ shape }) => shape?.map(() => -1)],
  ['any rank', () => undefined],
];

/** A free batch is one for all inputs. */
function fits(name: string, file: OnnxFile): boolean {
  return name !== 'a free batch' || new Set(file.inputs.map(({ shape }) => shape?.[0])).size === 1;
}

describe.skipIf(conformanceMissing !== undefined)(`ONNX's own tests ${conformanceMissing ?? ''}`, () => {
  describe.each(variants)('declared with %s', (variant, shapeOf) => {
    for (const { suite, name, file, dataSets } of suites
      .flatMap(casesOf)
      .filter((item) => !skipReason(item))) {
      if (typeof file === 'string' || !fits(variant, file)) continue;
      test(`${suite} ${name}`, async () => {
        compare(await loadOnnx(declared(file, shapeOf), { backend: 'js' }), dataSets);
      });
    }
  });
});
