import type { Pair } from '../../geometry.js';
import { channelsFirst, channelsLast, onImages } from '../emit/image.js';
import { checkPlaces, resample, type Taps } from '../emit/resample.js';
import { type Emitter, fixed, rankOf } from '../emitter.js';
import { numbersOf } from '../known.js';
import type { NodeScope } from '../node-scope.js';
import { batch, type Flowing, type Known } from '../value.js';
import { type ResizedAxis, type ResizeMode, resizeTaps } from './resize-taps.js';
import type { Rule } from './rule.js';

/** From opset 11 on; in opset 10 the scales are input 1, and all else is as in Upsample. */
const resize: Rule = (emit, scope) => {
  if (scope.opset < 11)
    return [resized(emit, emit.flow(0), upsampling(scope), byScales(emit, emit.known(1)))];
  const mode: ResizeMode = {
    mode: scope.string('mode', 'nearest'),
    coordinates: scope.string('coordinate_transformation_mode', 'half_pixel'),
    nearest: scope.string('nearest_mode', 'round_prefer_floor'),
    cubic: scope.float('cubic_coeff_a', -0.75),
    excludeOutside: scope.int('exclude_outside', 0) !== 0,
    antialias: scope.int('antialias', 0) !== 0,
    extrapolation: scope.float('extrapolation_value', 0),
  };
  const scales = emit.optionalKnown(2);
  if (scales && scales.data.length > 0) return [resized(emit, emit.flow(0), mode, byScales(emit, scales))];
  return [resized(emit, emit.flow(0), mode, bySizes(emit, emit.known(3)))];
};

/** Scales are an attribute before opset 9. */
const upsample: Rule = (emit, scope) => {
  const x = emit.flow(0);
  if (scope.opset >= 9) return [resized(emit, x, upsampling(scope), byScales(emit, emit.known(1)))];
  const scales =
    scope.opset >= 7
      ? scope.floats('scales')
      : [1, 1, scope.float('height_scale', 1), scope.float('width_scale', 1)];
  const known: Known = {
    kind: 'known',
    type: 'float64',
    shape: [scales.length],
    data: Float64Array.from(scales),
  };
  return [resized(emit, x, upsampling(scope), byScales(emit, known))];
};

function upsampling(scope: NodeScope): ResizeMode {
  const mode = scope.string('mode', 'nearest');
  return {
    mode: mode === 'bilinear' ? 'linear' : mode,
    coordinates: 'asymmetric',
    nearest: 'simple',
    cubic: -0.75,
    excludeOutside: false,
    antialias: false,
    extrapolation: 0,
  };
}

/** What becomes of each axis that is named; the others keep their length. */
type Lengths = ReadonlyMap<number, ResizedAxis>;

/** The axes that scales and sizes speak of. */
function axesOf({ scope }: Emitter, rank: number): readonly number[] {
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const axes = scope.ints('axes', all).map((axis) => (axis < 0 ? axis + rank : axis));
  if (axes.some((axis) => !all.includes(axis)))
    scope.fail(`expected axes below ${rank}, got [${axes.join(', ')}]`);
  return axes;
}

function byScales(emit: Emitter, scales: Known): Lengths {
  const { shape } = emit.input(0);
  const axes = axesOf(emit, shape.length);
  const numbers = numbersOf(scales);
  if (numbers.length !== axes.length || numbers.some((scale) => !(scale > 0 && scale < Infinity))) {
    emit.scope.fail(`expected ${axes.length} positive scales, got [${numbers.join(', ')}]`);
  }
  return lengthsOf(emit, axes, (from, i) => {
    const scale = numbers[i] as number;
    return { scale, to: Math.floor(from * scale) };
  });
}

function bySizes(emit: Emitter, sizes: Known): Lengths {
  const { scope } = emit;
  const { shape } = emit.input(0);
  const axes = axesOf(emit, shape.length);
  if (sizes.data.length !== axes.length) {
    scope.fail(`expected ${axes.length} sizes, got ${sizes.data.length}`);
  }
  const policy = scope.string('keep_aspect_ratio_policy', 'stretch');
  const wanted = axes.map((axis, i) => {
    // The size of a batch is the batch itself, and it is not resized.
    if (shape[axis] === batch && sizes.batches?.[i] === 1) return { from: 1, to: 1 };
    return { from: fixed(shape[axis]), to: Number(sizes.data[i]) };
  });
  const quotients = wanted.map(({ from, to }) => to / from);
  if (policy === 'stretch') {
    return lengthsOf(emit, axes, (_, i) => ({
      scale: quotients[i] as number,
      to: wanted[i]?.to ?? 0,
    }));
  }
  const scale = policy === 'not_larger' ? Math.min(...quotients) : Math.max(...quotients);
  return lengthsOf(emit, axes, (from) => ({ scale, to: Math.floor(from * scale + 0.5) }));
}

function lengthsOf(
  emit: Emitter,
  axes: readonly number[],
  of: (from: number, i: number) => { readonly scale: number; readonly to: number },
): Lengths {
  const { shape } = emit.input(0);
  const cropped = emit.scope.string('coordinate_transformation_mode', '') === 'tf_crop_and_resize';
  const roi = cropped ? numbersOf(emit.known(1)) : [];
  return new Map(
    axes.map((axis, i) => {
      const from = shape[axis] === batch ? 1 : fixed(shape[axis]);
      const { scale, to } = of(from, i);
      return [
        axis,
        { from, to: checkPlaces(emit, to), scale, roi: [roi[i] ?? 0, roi[i + axes.length] ?? 1] },
      ];
    }),
  );
}

/** One axis after the other. Whole multiples of nearest neighbours are one step. */
function resized(emit: Emitter, x: Flowing, mode: ResizeMode, lengths: Lengths): Flowing {
  const tables = [...lengths].flatMap(([axis, length]): [number, Taps][] => {
    const table = resizeTaps(emit.scope, mode, length);
    return unchanged(table, length.from) ? [] : [[axis, table]];
  });
  const factors = rankOf(x) === 4 ? repeats(x, tables) : undefined;
  if (factors) {
    const attributes = { kind: 'upsample', size: factors };
    return channelsFirst(emit, onImages(emit, 'copy', attributes, channelsLast(emit, x)));
  }
  return tables.reduce((y, [axis, table]) => resample(emit, y, axis, table), x);
}

/** The table of an axis that stays as it is. */
function unchanged({ taps, index }: Taps, length: number): boolean {
  return taps === 1 && index.length === length && index.every((place, i) => place === i);
}

/** How often height and width repeat each pixel, where that is all. */
function repeats(x: Flowing, tables: readonly (readonly [number, Taps])[]): Pair | undefined {
  const factors: [number, number] = [1, 1];
  for (const [axis, { taps, index }] of tables) {
    const factor = axis < 2 ? 0 : index.length / fixed(x.shape[axis]);
    if (taps !== 1 || !Number.isInteger(factor) || factor === 0) return undefined;
    if (index.some((place, i) => place !== Math.floor(i / factor))) return undefined;
    factors[axis - 2] = factor;
  }
  return tables.length > 0 ? factors : undefined;
}

export const resizing: Readonly<Record<string, Rule>> = { Resize: resize, Upsample: upsample };
