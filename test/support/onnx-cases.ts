import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OnnxFile, type OnnxTensor, readOnnx, readTensor } from './internals.js';

/** ONNX's own test models with inputs and outputs, as Debian packages them. */
export const conformanceFolder = process.env.NEOCOG_ONNX_DATA ?? '/usr/share/libonnx-testdata/data';

/** Why conformance cannot be tested; undefined where it can. In CI its absence is an error. */
export const conformanceMissing: string | undefined = existsSync(join(conformanceFolder, 'node'))
  ? undefined
  : `no ${conformanceFolder}: apt-get install libonnx-testdata`;

if (conformanceMissing !== undefined && process.env.CI === 'true') throw new Error(conformanceMissing);

export const suites = ['node', 'pytorch-converted', 'pytorch-operator', 'simple'] as const;
export type Suite = (typeof suites)[number];

export interface ConformanceCase {
  readonly suite: Suite;
  readonly name: string;
  readonly path: string;
  /** What the reader makes of it, or its error. */
  readonly file: OnnxFile | string;
  /** Folders with `input_0.pb`, `output_0.pb`, ... */
  readonly dataSets: readonly string[];
}

const fail = (rule: string): never => {
  throw new Error(rule);
};

function read(path: string): OnnxFile | string {
  try {
    return readOnnx(readFileSync(path), fail);
  } catch (error) {
    return (error as Error).message;
  }
}

export function casesOf(suite: Suite): readonly ConformanceCase[] {
  if (conformanceMissing !== undefined) return [];
  const below = join(conformanceFolder, suite);
  return readdirSync(below)
    .sort()
    .map((name) => {
      const path = join(below, name, 'model.onnx');
      const dataSets = readdirSync(join(below, name))
        .filter((entry) => entry.startsWith('test_data_set_'))
        .map((entry) => join(below, name, entry));
      return { suite, name, path, file: read(path), dataSets };
    });
}

/** The tensors of one side of a data set, in the order of the model's inputs or outputs. */
export function tensorsOf(dataSet: string, side: 'input' | 'output'): readonly OnnxTensor[] {
  const count = readdirSync(dataSet).filter((entry) => entry.startsWith(`${side}_`)).length;
  return Array.from({ length: count }, (_, i) =>
    readTensor(readFileSync(join(dataSet, `${side}_${i}.pb`)), fail),
  );
}
