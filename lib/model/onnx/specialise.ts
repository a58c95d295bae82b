import { ModelFileError, type NeocogError, OptionError, ShapeError } from '../../errors.js';
import type { OnnxFile, OnnxTensor } from '../../formats/onnx/file.js';
import type { Graph } from '../../graph/graph.js';
import { type Imported, importOnnx } from '../../onnx/import.js';
import { NeedsValue } from '../../onnx/needs.js';
import { NotBatched } from '../../onnx/not-batched.js';
import type { Known } from '../../onnx/value.js';
import type { DataType, Tensor } from '../../tensor.js';
import { type Engine, engine } from '../engine.js';
import type { ModelSettings } from '../options.js';
import { lend } from '../residence.js';
import type { GraphPort } from './ports.js';

/** A graph made ready for inputs of certain shapes. */
export interface Special {
  readonly engine: Engine;
  /** Names of the inputs that the program reads, in its order. */
  readonly inputs: readonly string[];
  readonly outputs: Imported['outputs'];
  /** The first axis of all inputs is a batch of any size, which the program leaves out. */
  readonly batched: boolean;
  /** The numbers of some inputs, and not only their shapes, decided about it. */
  readonly numbered: boolean;
  /** The graph as imported, for the summary; gone once the program is made. */
  readonly graph: Graph;
}

export interface Specialiser {
  /** What computes these inputs, in their order; made now where no call of the same shapes came before. */
  of(who: string, tensors: readonly Tensor<DataType>[]): Special;
  /** For the shapes that the file declares; undefined where lengths other than the batch are free. */
  declared(): Special | undefined;
  /** Bytes of the weights that are packed, for the declared shapes and those of earlier calls. */
  packedBytes(): number;
  /** The weights have changed: all programs are made anew. */
  retire(): void;
  dispose(): void;
}

/** How many shapes keep their programs. */
const maxSpecials = 8;

export function specialiser(
  file: OnnxFile,
  weights: () => ReadonlyMap<string, OnnxTensor>,
  inputs: readonly GraphPort[],
  layout: 'nchw' | 'nhwc',
  settings: ModelSettings,
): Specialiser {
  const specials = new Map<string, Special>();
  let disposed = false;
  /** Inputs whose numbers decide about the graph: integers that it computes with, and what shapes are computed from. */
  const givenInputs = new Set(inputs.filter((port) => !becomesFloat(file, port)).map(({ name }) => name));
  let batched = givenInputs.size === 0 && inputs.length > 0 && inputs.every(hasFreeBatch);

  const make = (
    shapes: ReadonlyMap<string, readonly number[]>,
    known: ReadonlyMap<string, Known>,
  ): Special => {
    const mode = batched ? 'batched' : 'whole';
    const imported = importOnnx(file, { mode, shapes, known, weights: weights(), layout });
    // What is known already is kept and given as an answer.
    for (const value of imported.outputs) if (value.kind === 'known') lend(value.data);
    // Held until the program is made: its constants may be as large as all weights.
    let graph: Graph | undefined = imported.graph;
    const again = (): Graph => importOnnx(file, { mode, shapes, known, weights: weights(), layout }).graph;
    // A call that waited while its engine was retired has it made once more.
    const take = (): Graph => {
      const taken = graph ?? again();
      graph = undefined;
      return taken;
    };
    return Object.freeze({
      engine: engine(settings, take),
      inputs: imported.inputs,
      outputs: imported.outputs,
      batched,
      numbered: known.size > 0,
      get graph() {
        return graph ?? again();
      },
    });
  };

  const keep = (key: string, made: Special): Special => {
    specials.delete(key);
    specials.set(key, made);
    if (specials.size > maxSpecials) {
      const [oldest] = specials.keys();
      specials.get(oldest as string)?.engine.retire();
      specials.delete(oldest as string);
    }
    return made;
  };

  const of = (tensors: ReadonlyMap<string, Tensor<DataType>>): Special => {
    for (;;) {
      const key = keyOf(tensors, batched, givenInputs);
      const found = specials.get(key);
      if (found) return keep(key, found);
      const flowing = [...tensors].filter(([name]) => !givenInputs.has(name));
      const shapes = new Map(flowing.map(([name, { shape }]) => [name, batched ? shape.slice(1) : shape]));
      const known = new Map(
        [...tensors].filter(([name]) => givenInputs.has(name)).map(([name, x]) => [name, knownOf(x)]),
      );
      try {
        return keep(key, make(shapes, known));
      } catch (error) {
        learn(error);
      }
    }
  };

  /** What an import that failed says about the graph; anything else is thrown again. */
  const learn = (error: unknown): void => {
    if (error instanceof NotBatched) {
      if (!batched) throw new ModelFileError(error.message, { cause: error });
      batched = false;
    } else if (error instanceof NeedsValue && !givenInputs.has(error.input)) {
      batched = false;
      givenInputs.add(error.input);
    } else throw error;
  };

  return Object.freeze({
    of(who: string, given: readonly Tensor<DataType>[]) {
      const tensors = new Map(inputs.map(({ name }, i) => [name, given[i] as Tensor<DataType>]));
      // An engine that was disposed answers for itself.
      if (disposed) return [...specials.values()][0] ?? of(tensors);
      try {
        return of(tensors);
      } catch (error) {
        // The file was checked when it was loaded: what does not fit now are the given shapes.
        if (isRule(error)) throw new ShapeError(`${who}: ${error.message}`, { cause: error });
        throw error;
      }
    },

    declared() {
      for (;;) {
        if (givenInputs.size > 0) return undefined;
        const shapes = inputs.map(({ name, shape }): [string, readonly number[] | undefined] => [
          name,
          batched ? shape?.slice(1) : shape,
        ]);
        if (shapes.some(([, shape]) => !shape || shape.some((length) => length < 1))) return undefined;
        const whole = new Map(shapes as [string, readonly number[]][]);
        const key = shapeKey(whole);
        const found = specials.get(key);
        if (found) return found;
        try {
          return keep(key, make(whole, new Map()));
        } catch (error) {
          learn(error);
        }
      }
    },

    packedBytes() {
      this.declared();
      let bytes = 0;
      for (const { engine: each, outputs } of specials.values()) {
        if (outputs.some(({ kind }) => kind !== 'known')) bytes += each.program().bytes;
      }
      return bytes;
    },

    retire() {
      for (const { engine: retired } of specials.values()) retired.retire();
      specials.clear();
    },

    dispose() {
      disposed = true;
      for (const special of specials.values()) special.engine.dispose();
    },
  });
}

/** The rules that a layer of a graph breaks, as rules of the file. */
export function asFileError(error: unknown, fail: (rule: string) => never): never {
  if (isRule(error)) return fail(error.message);
  throw error;
}

function isRule(error: unknown): error is NeocogError {
  return error instanceof ModelFileError || error instanceof ShapeError || error instanceof OptionError;
}

/** Operators that move numbers about and change none. */
const moving = new Set(['Identity', 'Transpose', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);
/** Types that become float32 at the border with the same rounding as later. */
const castable: ReadonlySet<DataType> = new Set<DataType>(['float64', 'int32', 'uint8', 'bool']);

/** Whether an input flows: float32 does, and so does an image of bytes that the graph casts before it computes. */
function becomesFloat({ nodes, outputs }: OnnxFile, { name, dtype }: GraphPort): boolean {
  if (dtype === 'float32') return true;
  if (!castable.has(dtype) || outputs.some((output) => output.name === name)) return false;
  const moved = new Set([name]);
  const exact = dtype === 'uint8' || dtype === 'bool';
  for (const { op, inputs, outputs: made, attributes } of nodes) {
    const at = inputs.findIndex((input) => moved.has(input));
    if (at < 0) continue;
    const to = attributes.get('to')?.value;
    if (op === 'Cast' && (exact || to === 1 || to === 'FLOAT')) continue;
    if (at > 0 || !moving.has(op) || made.some((out) => outputs.some((output) => output.name === out)))
      return false;
    for (const out of made) moved.add(out);
  }
  return true;
}

function hasFreeBatch({ shape }: GraphPort): boolean {
  return shape !== undefined && shape.length > 0 && (shape[0] as number) < 0;
}

function shapeKey(shapes: ReadonlyMap<string, readonly number[]>): string {
  return [...shapes.values()].map((shape) => shape.join()).join('|');
}

/** Shapes, without the batch where there is one, and the bytes of inputs whose numbers decide. */
function keyOf(
  tensors: ReadonlyMap<string, Tensor<DataType>>,
  batched: boolean,
  givenInputs: ReadonlySet<string>,
): string {
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, batched ? shape.slice(1) : shape]));
  const key = shapeKey(shapes);
  if (givenInputs.size === 0) return key;
  const bytes = [...givenInputs].map((name) => {
    const { data } = tensors.get(name) as Tensor<DataType>;
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
  });
  return [key, ...bytes].join('|');
}

/** A copy: the caller may change the numbers after the call. */
function knownOf({ dtype, shape, data }: Tensor<DataType>): Known {
  return { kind: 'known', type: dtype, shape, data: data.slice() };
}
