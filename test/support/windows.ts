import type { Act } from './activation.js';
import type { Expected } from './bounds.js';

/** A window over an image of one sample, as a test case writes it; absent fields have their usual default. */
export interface Window extends Act {
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly k: readonly [number, number];
  readonly s?: readonly [number, number];
  readonly d?: readonly [number, number];
  /** Top, bottom, left, right. */
  readonly pad?: readonly [number, number, number, number];
  readonly oc?: number;
  readonly groups?: number;
  /** The kernel is [oc, c / groups, kh, kw], or depthwise [c mult, 1, kh, kw]. */
  readonly oihw?: boolean;
  /** A fourth input is added. */
  readonly residual?: boolean;
  readonly mult?: number;
  readonly bias?: boolean;
  readonly outputPadding?: readonly [number, number];
  readonly include?: boolean;
}

export interface Resolved {
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly oh: number;
  readonly ow: number;
  readonly kh: number;
  readonly kw: number;
  readonly sh: number;
  readonly sw: number;
  readonly dh: number;
  readonly dw: number;
  readonly pt: number;
  readonly pb: number;
  readonly pl: number;
  readonly pr: number;
}

/** w' = floor((w + p - d (k - 1) - 1) / s) + 1 */
export function resolve(spec: Window): Resolved {
  const [kh, kw] = spec.k;
  const [sh, sw] = spec.s ?? [1, 1];
  const [dh, dw] = spec.d ?? [1, 1];
  const [pt, pb, pl, pr] = spec.pad ?? [0, 0, 0, 0];
  const oh = Math.floor((spec.h + pt + pb - dh * (kh - 1) - 1) / sh) + 1;
  const ow = Math.floor((spec.w + pl + pr - dw * (kw - 1) - 1) / sw) + 1;
  return { h: spec.h, w: spec.w, c: spec.c, oh, ow, kh, kw, sh, sw, dh, dw, pt, pb, pl, pr };
}

/** The size of a transposed convolution: the inverse of the formula above, plus the output padding. */
export function resolveTransposed(spec: Window): Resolved {
  const r = resolve(spec);
  const [extraH, extraW] = spec.outputPadding ?? [0, 0];
  const oh = (r.h - 1) * r.sh + r.dh * (r.kh - 1) + 1 - r.pt - r.pb + extraH;
  const ow = (r.w - 1) * r.sw + r.dw * (r.kw - 1) + 1 - r.pl - r.pr + extraW;
  return { ...r, oh, ow };
}

type Sample = readonly Float32Array[];

function empty(size: number, terms: number): Expected {
  return { values: new Float64Array(size), magnitude: new Float64Array(size), terms };
}

function add({ values, magnitude }: Expected, at: number, term: number): void {
  (values[at] as number) += term;
  (magnitude[at] as number) += Math.abs(term);
}

/** y[oy, ox, o] = bias[o] + residual[oy, ox, o] + sum x[oy s + ky d - p, ox s + kx d - p, i] k[ky, kx, i, o] */
export function conv2d(spec: Window, [x, k, bias, residual]: Sample): Expected {
  const r = resolve(spec);
  const oc = spec.oc as number;
  const groups = spec.groups ?? 1;
  const ci = r.c / groups;
  const co = oc / groups;
  const y = empty(r.oh * r.ow * oc, r.kh * r.kw * ci + 2);
  for (let oy = 0; oy < r.oh; oy++)
    for (let ox = 0; ox < r.ow; ox++)
      for (let o = 0; o < oc; o++) {
        const at = (oy * r.ow + ox) * oc + o;
        if (bias) add(y, at, bias[o] as number);
        if (residual) add(y, at, residual[at] as number);
        for (let ky = 0; ky < r.kh; ky++)
          for (let kx = 0; kx < r.kw; kx++) {
            const iy = oy * r.sh + ky * r.dh - r.pt;
            const ix = ox * r.sw + kx * r.dw - r.pl;
            if (iy < 0 || iy >= r.h || ix < 0 || ix >= r.w) continue;
            const first = Math.floor(o / co) * ci;
            for (let i = 0; i < ci; i++) {
              const a = x?.[(iy * r.w + ix) * r.c + first + i] as number;
              const cell = spec.oihw
                ? ((o * ci + i) * r.kh + ky) * r.kw + kx
                : ((ky * r.kw + kx) * ci + i) * oc + o;
              add(y, at, a * (k?.[cell] as number));
            }
          }
      }
  return y;
}

/** A convolution per channel: output channel i * mult + m. */
export function depthwise2d(spec: Window, [x, k, bias]: Sample): Expected {
  const r = resolve(spec);
  const mult = spec.mult ?? 1;
  const oc = r.c * mult;
  const y = empty(r.oh * r.ow * oc, r.kh * r.kw + 1);
  for (let oy = 0; oy < r.oh; oy++)
    for (let ox = 0; ox < r.ow; ox++)
      for (let o = 0; o < oc; o++) {
        const at = (oy * r.ow + ox) * oc + o;
        if (bias) add(y, at, bias[o] as number);
        for (let ky = 0; ky < r.kh; ky++)
          for (let kx = 0; kx < r.kw; kx++) {
            const iy = oy * r.sh + ky * r.dh - r.pt;
            const ix = ox * r.sw + kx * r.dw - r.pl;
            if (iy < 0 || iy >= r.h || ix < 0 || ix >= r.w) continue;
            const a = x?.[(iy * r.w + ix) * r.c + Math.floor(o / mult)] as number;
            const cell = spec.oihw ? (o * r.kh + ky) * r.kw + kx : (ky * r.kw + kx) * oc + o;
            add(y, at, a * (k?.[cell] as number));
          }
      }
  return y;
}

/** Every x[iy, ix, i] is added, times k[ky, kx, o, i], to y[iy s + ky d - p, ix s + kx d - p, o]. */
export function convtranspose2d(spec: Window, [x, k, bias]: Sample): Expected {
  const r = resolveTransposed(spec);
  const oc = spec.oc as number;
  const y = empty(r.oh * r.ow * oc, r.kh * r.kw * r.c + 1);
  for (let i = 0; bias && i < y.values.length; i++) add(y, i, bias[i % oc] as number);
  for (let iy = 0; iy < r.h; iy++)
    for (let ix = 0; ix < r.w; ix++)
      for (let ky = 0; ky < r.kh; ky++)
        for (let kx = 0; kx < r.kw; kx++) {
          const oy = iy * r.sh + ky * r.dh - r.pt;
          const ox = ix * r.sw + kx * r.dw - r.pl;
          if (oy < 0 || oy >= r.oh || ox < 0 || ox >= r.ow) continue;
          for (let o = 0; o < oc; o++)
            for (let i = 0; i < r.c; i++) {
              const a = x?.[(iy * r.w + ix) * r.c + i] as number;
              add(y, (oy * r.ow + ox) * oc + o, a * (k?.[((ky * r.kw + kx) * oc + o) * r.c + i] as number));
            }
        }
  return y;
}

/** Positions of the window at (oy, ox): index of the cell, or -1 for padding inside the declared pads. */
function cells(r: Resolved, oy: number, ox: number): number[] {
  const found: number[] = [];
  for (let ky = 0; ky < r.kh; ky++)
    for (let kx = 0; kx < r.kw; kx++) {
      const iy = oy * r.sh + ky * r.dh - r.pt;
      const ix = ox * r.sw + kx * r.dw - r.pl;
      if (iy >= 0 && iy < r.h && ix >= 0 && ix < r.w) found.push(iy * r.w + ix);
      else if (iy < r.h + r.pb && ix < r.w + r.pr) found.push(-1);
    }
  return found;
}

function pool(
  spec: Window,
  x: Float32Array,
  each: (cells: number[], x: (cell: number) => number) => number,
): Float64Array {
  const r = { ...resolve(spec), ...(spec as { oh?: number; ow?: number }) };
  const values = new Float64Array(r.oh * r.ow * r.c);
  for (let oy = 0; oy < r.oh; oy++)
    for (let ox = 0; ox < r.ow; ox++)
      for (let c = 0; c < r.c; c++) {
        const at = (oy * r.ow + ox) * r.c + c;
        values[at] = each(cells(r, oy, ox), (cell) => x[cell * r.c + c] as number);
      }
  return values;
}

/** The largest real cell; NaN if one is NaN; -Infinity over no cell. */
export function maxpool2d(spec: Window, [x]: Sample): Expected {
  const values = pool(spec, x as Float32Array, (all, at) =>
    all.filter((cell) => cell >= 0).reduce((max, cell) => Math.max(max, at(cell)), Number.NEGATIVE_INFINITY),
  );
  return { values, magnitude: values.map(() => 0), terms: 0 };
}

/** The mean over real cells, or over padded ones too (`include`); 0 over no cell. */
export function averagepool2d(spec: Window, [x]: Sample): Expected {
  const mean = (f: (value: number) => number) =>
    pool(spec, x as Float32Array, (all, at) => {
      const real = all.filter((cell) => cell >= 0);
      const divisor = spec.include ? all.length : real.length;
      return divisor === 0 ? 0 : real.reduce((sum, cell) => sum + f(at(cell)), 0) / divisor;
    });
  return { values: mean((v) => v), magnitude: mean(Math.abs), terms: spec.k[0] * spec.k[1] + 1 };
}

/** The windows of a convolution as rows: [oh * ow, kh * kw * c], 0 for padding. */
export function im2col(spec: Window, [x]: Sample): Expected {
  const r = resolve(spec);
  const y = empty(r.oh * r.ow * r.kh * r.kw * r.c, 0);
  let at = 0;
  for (let oy = 0; oy < r.oh; oy++)
    for (let ox = 0; ox < r.ow; ox++)
      for (let ky = 0; ky < r.kh; ky++)
        for (let kx = 0; kx < r.kw; kx++)
          for (let i = 0; i < r.c; i++, at++) {
            const iy = oy * r.sh + ky * r.dh - r.pt;
            const ix = ox * r.sw + kx * r.dw - r.pl;
            const inside = iy >= 0 && iy < r.h && ix >= 0 && ix < r.w;
            y.values[at] = inside ? (x?.[(iy * r.w + ix) * r.c + i] as number) : 0;
          }
  return y;
}
