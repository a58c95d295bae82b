import type { Taps } from '../emit/resample.js';
import type { NodeScope } from '../node-scope.js';

/** How Resize works, the same for all axes. */
export interface ResizeMode {
  readonly mode: string;
  readonly coordinates: string;
  readonly nearest: string;
  readonly cubic: number;
  readonly excludeOutside: boolean;
  readonly antialias: boolean;
  readonly extrapolation: number;
}

/** One axis: lengths before and after, and the exact quotient, which need not be their own. */
export interface ResizedAxis {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  /** Beginning and end of the part that is looked at, as shares of the length: for tf_crop_and_resize. */
  readonly roi: readonly [number, number];
}

/**
 * For each place of the output the places of the input around it, with their weights (ONNX, Resize; cubic: Keys,
 * "Cubic convolution interpolation for digital image processing", 1981). Cells outside are those at the ends.
 */
export function resizeTaps(scope: NodeScope, resize: ResizeMode, axis: ResizedAxis): Taps {
  const index: number[] = [];
  const weight: number[] = [];
  const coefficients = coefficientsOf(scope, resize, axis);
  const count = coefficients(1).length;
  for (let i = 0; i < axis.to; i++) {
    const at = coordinate(scope, resize, axis, i);
    if (resize.coordinates === 'tf_crop_and_resize' && (at < 0 || at > axis.from - 1)) {
      for (let tap = 0; tap < count; tap++) {
        index.push(-1);
        weight.push(tap === 0 ? 1 : 0);
      }
      continue;
    }
    // The place at or left of the coordinate, so that the rest is above 0 and at most 1.
    const left = Math.ceil(at) - 1;
    const places = Array.from({ length: count }, (_, tap) => left + tap - count / 2 + 1);
    const weights = coefficients(at - left);
    index.push(...places.map((place) => Math.min(Math.max(place, 0), axis.from - 1)));
    weight.push(...(resize.excludeOutside ? inside(places, weights, axis.from) : weights));
  }
  return compact({ taps: count, index, weight, fill: resize.extrapolation });
}

/** Weights of places outside become 0, the others add up to 1 again. */
function inside(places: readonly number[], weights: readonly number[], length: number): number[] {
  const kept = weights.map((weight, tap) => {
    const place = places[tap] as number;
    return place < 0 || place >= length ? 0 : weight;
  });
  const sum = kept.reduce((all, weight) => all + weight, 0);
  return kept.map((weight) => weight / sum);
}

/** One tap suffices where each place has a single weight, of 1. */
function compact(table: Taps): Taps {
  const { index, weight = [] } = table;
  if (weight.some((value) => value !== 0 && value !== 1)) return table;
  const single = index.filter((_, i) => weight[i] === 1);
  return { taps: 1, index: single, fill: table.fill };
}

function coordinate(scope: NodeScope, { coordinates }: ResizeMode, axis: ResizedAxis, i: number): number {
  const { from, to, scale, roi } = axis;
  const length = scale * from;
  const centred = (i + 0.5) / scale - 0.5;
  switch (coordinates) {
    case 'half_pixel':
      return centred;
    case 'half_pixel_symmetric':
      return (from / 2) * (1 - to / length) + centred;
    case 'pytorch_half_pixel':
      return to > 1 ? centred : 0;
    case 'tf_half_pixel_for_nn':
      return (i + 0.5) / scale;
    case 'asymmetric':
      return i / scale;
    case 'align_corners':
      return length === 1 ? 0 : (i * (from - 1)) / (length - 1);
    case 'tf_crop_and_resize': {
      const [begin, end] = [roi[0] * (from - 1), roi[1] * (from - 1)];
      return length === 1 ? (begin + end) / 2 : begin + (i * (end - begin)) / (length - 1);
    }
    default:
      return scope.fail(`expected a known coordinate_transformation_mode, got ${coordinates}`);
  }
}

/** Weights of the places around a coordinate, by its distance from the place left of the middle: above 0, at most 1. */
function coefficientsOf(
  scope: NodeScope,
  { mode, nearest, cubic, antialias }: ResizeMode,
  { scale }: ResizedAxis,
): (rest: number) => number[] {
  switch (mode) {
    case 'nearest':
      return (rest) => (takesLeft(scope, nearest, rest, scale) ? [1, 0] : [0, 1]);
    case 'linear':
      return filtered((x) => Math.max(1 - x, 0), 1, antialias ? scale : 1);
    case 'cubic':
      return filtered((x) => keys(cubic, x), 2, antialias ? scale : 1);
    default:
      return scope.fail(`expected mode to be nearest, linear or cubic, got ${mode}`);
  }
}

function takesLeft(scope: NodeScope, nearest: string, rest: number, scale: number): boolean {
  if (rest === 1) return false;
  switch (nearest) {
    case 'round_prefer_floor':
      return rest <= 0.5;
    case 'round_prefer_ceil':
      return rest < 0.5;
    case 'floor':
      return true;
    case 'ceil':
      return false;
    case 'simple':
      // Opset 10: down when an image grows, up when it shrinks.
      return scale >= 1;
    default:
      return scope.fail(`expected a known nearest_mode, got ${nearest}`);
  }
}

/** A filter that reaches `radius` cells to each side, wider by 1 / scale where an image shrinks. */
function filtered(filter: (distance: number) => number, radius: number, scale: number) {
  const narrow = Math.min(scale, 1);
  const first = Math.floor(-radius / narrow) + 1;
  const count = 2 - 2 * first;
  return (rest: number): number[] => {
    const weights = Array.from({ length: count }, (_, tap) => filter(Math.abs(first + tap - rest) * narrow));
    if (narrow === 1) return weights;
    const sum = weights.reduce((all, weight) => all + weight, 0);
    return weights.map((weight) => weight / sum);
  };
}

function keys(a: number, x: number): number {
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}
