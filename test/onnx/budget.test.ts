import { describe, expect, test } from 'vitest';
import { importOnnx, type OnnxAttribute, type OnnxNode } from '../support/internals.js';
import { fileOf, node, requestFor } from '../support/onnx-graph.js';
import { ints, known } from '../support/onnx-node.js';

const chain = (count: number, make: (i: number) => OnnxNode): OnnxNode[] =>
  Array.from({ length: count }, (_, i) => make(i));

/** A byte each: they are many enough without being large. */
const value: OnnxAttribute = { kind: 'tensor', value: { ...known('uint8', [1], [1]), name: '' } };

/** Small files of many nodes that ask for much memory in all. */
const bombs: Readonly<Record<string, readonly OnnxNode[]>> = {
  'many constants': chain(100, (i) => node('ConstantOfShape', ['length'], [`c${i}`], { value })),
  'a constant that doubles': [
    node('ConstantOfShape', ['length'], ['c0'], { value }),
    ...chain(10, (i) => node('Concat', [`c${i}`, `c${i}`], [`c${i + 1}`], { axis: 0 })),
  ],
};

describe('what is computed at import is bounded by what the file holds', () => {
  test.each(Object.entries(bombs))('%s', (_, nodes) => {
    const last = nodes.at(-1)?.outputs[0] as string;
    const outputs = [last];
    const file = fileOf({ nodes, inputs: {}, outputs, weights: { length: ints(2 ** 22) } });
    expect(() => importOnnx(file, requestFor(file, 'whole', {}))).toThrow(
      /^node \d+ \(.*\): expected constants in reasonable proportion to the file, got too many elements$/,
    );
  });

  test('one result', () => {
    const nodes = [node('Expand', ['one', 'length'], ['y'])];
    const imported = (length: number, more = 0) => {
      const one = known('uint8', [1], [1]);
      const weights = { one, length: ints(length), more: known('float32', [more], new Array(more).fill(0)) };
      const file = fileOf({ nodes, inputs: {}, outputs: ['y'], weights });
      return importOnnx(file, requestFor(file, 'whole', {})).outputs[0]?.shape;
    };
    expect(imported(2 ** 22)).toEqual([2 ** 22]);
    expect(() => imported(2 ** 22 + 5)).toThrow(/constant result of at most 4194308 elements, got the shape/);
    expect(imported(2 ** 22 + 5, 1)).toEqual([2 ** 22 + 5]);
  });

  test('fillings: as weights only, and not without end', () => {
    const large = (outputs: readonly string[], more: readonly OnnxNode[]) => {
      const nodes = [node('ConstantOfShape', ['length'], ['c'], { value }), ...more];
      const file = fileOf({ nodes, inputs: {}, outputs, weights: { length: ints(2 ** 27) } });
      return () => importOnnx(file, requestFor(file, 'whole', {}));
    };
    expect(large(['c'], [])().outputs[0]?.shape).toEqual([2 ** 27]);
    expect(large(['y'], [node('Neg', ['c'], ['y'])])).toThrow(
      /no arithmetic on a filling as large as weights/,
    );
    const others = chain(2, (i) => node('ConstantOfShape', ['length'], [`c${i}`], { value }));
    expect(large(['c'], others)).toThrow(/reasonable proportion to the file/);
  });
});
