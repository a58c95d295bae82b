import { expect } from 'vitest';
import {
  compile,
  type ImportRequest,
  importOnnx,
  type Known,
  type OnnxAttribute,
  type OnnxFile,
  type OnnxNode,
  selectBackend,
} from './internals.js';
import { known } from './onnx-node.js';
import { floats, random } from './random.js';

/** Numbers from -1 to 1, the same for the same shape. */
export function numbers(...shape: number[]): Known {
  const size = shape.reduce((all, length) => all * length, 1);
  return known('float32', shape, [...floats(random(size), size)]);
}

type Plain = number | string | readonly number[];

const attribute = (value: Plain): OnnxAttribute => {
  if (typeof value === 'string') return { kind: 'string', value };
  if (typeof value === 'number') return { kind: 'int', value };
  return { kind: 'ints', value };
};

/** A node of a hand-made file; numbers are ints. */
export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Plain | OnnxAttribute>> = {},
): OnnxNode {
  const entries = Object.entries(attributes).map(([name, value]): [string, OnnxAttribute] => [
    name,
    typeof value === 'object' && 'kind' in value ? value : attribute(value),
  ]);
  return { op, name: `${op}_${outputs[0]}`, inputs, outputs, attributes: new Map(entries) };
}

export interface FileParts {
  readonly nodes: readonly OnnxNode[];
  /** Names with their types; shapes come with each import. */
  readonly inputs?: Readonly<Record<string, Known['type']>>;
  readonly outputs?: readonly string[];
  readonly weights?: Readonly<Record<string, Known>>;
  readonly opset?: number;
}

/** A file with the float32 input `x` and the output `y`, unless said otherwise. */
export function fileOf({
  nodes,
  inputs = { x: 'float32' },
  outputs = ['y'],
  weights = {},
  opset = 17,
}: FileParts): OnnxFile {
  return {
    irVersion: 8,
    opset,
    name: 'test',
    nodes,
    initializers: new Map(Object.entries(weights).map(([name, value]) => [name, { name, ...value }])),
    inputs: Object.entries(inputs).map(([name, type]) => ({ name, type, shape: undefined })),
    outputs: outputs.map((name) => ({ name, type: 'float32', shape: undefined })),
    metadata: new Map(),
  };
}

export interface Answer {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Inputs that flow, in complete shapes. */
export type Feeds = Readonly<Record<string, Known>>;

export function requestFor(
  file: OnnxFile,
  mode: ImportRequest['mode'],
  feeds: Feeds,
  more: Partial<ImportRequest> = {},
): ImportRequest {
  const shapes = Object.entries(feeds).map(([name, { shape }]): [string, readonly number[]] => [
    name,
    mode === 'batched' ? shape.slice(1) : shape,
  ]);
  return {
    mode,
    shapes: new Map(shapes),
    known: new Map(),
    weights: file.initializers,
    layout: 'nchw',
    ...more,
  };
}

/** Imports, compiles and runs on the TypeScript engine. */
export function run(
  file: OnnxFile,
  mode: ImportRequest['mode'],
  feeds: Feeds,
  more: Partial<ImportRequest> = {},
): Answer[] {
  const { graph, inputs, outputs } = importOnnx(file, requestFor(file, mode, feeds, more));
  const batch = mode === 'batched' ? (Object.values(feeds)[0]?.shape[0] ?? 1) : 1;
  const plan = compile(graph);
  const results = plan.outputs.map(
    ({ size, perSample }) => new Float32Array(perSample ? size * batch : size),
  );
  const program = selectBackend({ backend: 'js' }).load(plan);
  program.runSync(
    batch,
    inputs.map((name) => Float32Array.from(feeds[name]?.data as Float32Array)),
    results,
  );
  program.dispose();
  const flowing = results.values();
  return outputs.map((value) => {
    const shape = value.shape.map((length) => (length === 'n' ? batch : length));
    if (value.kind === 'flowing') return { shape, data: [...(flowing.next().value as Float32Array)] };
    return { shape, data: Array.from({ length: value.data.length }, (_, i) => Number(value.data[i])) };
  });
}

export function expectSame(a: Answer | undefined, b: Answer | undefined): void {
  expect(a?.shape).toEqual(b?.shape);
  for (const [i, value] of b?.data.entries() ?? []) expect(a?.data[i]).toBeCloseTo(value, 4);
}
