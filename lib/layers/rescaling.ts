import { expected, finite, isList, list, readOptions } from '../options.js';
import { common, type Layer, type LayerOptions, makeLayer } from './layer.js';

export interface RescalingOptions extends LayerOptions {
  /** One number, or one for each channel (the last axis). */
  readonly scale: number | readonly number[];
  /** 0 */
  readonly offset?: number | readonly number[] | undefined;
}

/**
 * x scale + offset: bytes to [0, 1] with scale 1 / 255, to [-1, 1] with scale 1 / 127.5 and offset -1.
 *
 * Shape: [..., c] -> [..., c].
 * Errors: OptionError for numbers that are not finite; in a model a ShapeError where there is not one for each channel.
 */
export function rescaling(options: RescalingOptions): Layer {
  const type = 'rescaling';
  const given = readOptions(type, options, ['scale', 'offset', ...common]);
  const scale = readNumbers(type, 'scale', given.scale);
  const offset = readNumbers(type, 'offset', given.offset ?? 0);
  return makeLayer(type, given, { scale, offset }, (scope, [x = 0]) => {
    const channels = scope.shape(x).at(-1) as number;
    const vector = (name: string, numbers: number | readonly number[]): number => {
      if (typeof numbers !== 'number' && numbers.length !== channels) {
        scope.fail(`expected an input of ${numbers.length} channels, as ${name} has, got ${channels}`);
      }
      const data = new Float32Array(channels);
      if (typeof numbers === 'number') data.fill(numbers);
      else data.set(numbers);
      return scope.constant(name, data);
    };
    return scope.node('scale', { activation: 'none' }, [x, vector('scale', scale), vector('offset', offset)]);
  });
}

function readNumbers(type: string, name: string, value: unknown): number | readonly number[] {
  if (!isList(value)) return finite(type, name, value);
  const numbers = list(type, name, value).map((item, i) => finite(type, `${name}[${i}]`, item));
  if (numbers.length === 0) throw expected(type, name, 'a finite number or one for each channel', value);
  return Object.freeze(numbers);
}
