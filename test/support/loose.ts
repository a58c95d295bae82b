import { type Layer, layers, ops } from 'neocog';

/** The public face as JavaScript sees it: tests of bad input give what types forbid. */

export function make(type: string, options: unknown): Layer {
  const loose = layers as unknown as Record<string, (options: unknown) => Layer>;
  return (loose[type] as (options: unknown) => Layer)(options);
}

export function call(name: string, ...args: unknown[]): unknown {
  const loose = ops as unknown as Record<string, (...args: unknown[]) => unknown>;
  return (loose[name] as (...args: unknown[]) => unknown)(...args);
}

/** Right options of a windowed layer, and `more`. */
export function windowOptions(type: string, more: object): object {
  if (type.includes('Pooling')) return more;
  return { kernelSize: 3, ...(type === 'depthwiseConv2d' ? {} : { filters: 4 }), ...more };
}

/** What is no size: neither a positive integer nor [height, width]. */
export const notPositive: readonly unknown[] = [
  ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31],
  ...['3', null, true, {}, [3], [3, 0], [3, 3, 3]],
];

export function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
