import { ShapeError, show } from '../errors.js';
import { positiveInteger, readOptions } from '../options.js';
import { floatTensor, sizeOf, type Tensor } from '../tensor.js';
import type { Engine } from './engine.js';
import { tabulate } from './table.js';

/** One step of a model in a profile. A step may be several layers: what could be joined was. */
export interface StepProfile {
  readonly name: string;
  readonly op: string;
  /** Milliseconds: the median of the runs. */
  readonly ms: number;
  /** Multiply-adds, and bytes that it reads and writes, of the whole batch. */
  readonly macs: number;
  readonly bytes: number;
}

export interface Profile {
  readonly batch: number;
  readonly runs: number;
  /** The sum over the steps. */
  readonly ms: number;
  readonly steps: readonly StepProfile[];
  /** A table, the slowest step first. */
  toString(): string;
}

export interface ProfileOptions {
  /** How often the model is run; times are medians: 20. */
  readonly runs?: number | undefined;
}

export function readRuns(options: unknown): number {
  const { runs } = readOptions('profile', options ?? {}, ['runs']);
  return positiveInteger('profile', 'runs', runs, 20);
}

/** Inputs for a profile where none are given: a batch of one; a ShapeError where other lengths are free. */
export function sampleFor(
  ports: readonly { readonly name: string; readonly shape?: readonly number[] | undefined }[],
): Readonly<Record<string, Tensor>> {
  const entries = ports.map(({ name, shape }): [string, Tensor] => {
    const lengths = shape?.map((length, axis) => (axis === 0 && length < 0 ? 1 : length));
    if (!lengths || lengths.some((length) => length < 1)) {
      throw new ShapeError(
        `profile: expected an input, since the shape of ${show(name)} is free, got none; give profile(x) a tensor`,
      );
    }
    return [name, floatTensor(lengths, new Float32Array(sizeOf(lengths)).fill(0.5))];
  });
  return Object.fromEntries(entries);
}

/** Runs a model step by step on this thread; the first run only warms up. */
export function profileOf(
  engine: Engine,
  batch: number,
  inputs: readonly Float32Array[],
  runs: number,
): Profile {
  const { steps } = engine.profile(batch, inputs);
  const times = Array.from({ length: runs }, () => engine.profile(batch, inputs).times);
  const profiled = steps.map(({ name, op, macs, bytes }, i): StepProfile => {
    const ms = median(times.map((run) => run[i] as number));
    return Object.freeze({ name, op, ms, macs: macs * batch, bytes: bytes * batch });
  });
  const ms = profiled.reduce((sum, step) => sum + step.ms, 0);
  return Object.freeze({
    batch,
    runs,
    ms,
    steps: Object.freeze(profiled),
    toString: () => profileTable(profiled, ms, batch, runs),
  });
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number;
}

function profileTable(steps: readonly StepProfile[], ms: number, batch: number, runs: number): string {
  const rate = (amount: number, time: number) => (amount > 0 ? (amount / time / 1e6).toFixed(1) : '');
  const row = (name: string, op: string, time: number, macs: number, bytes: number) => [
    name,
    op,
    time.toFixed(3),
    `${((100 * time) / ms).toFixed(1)} %`,
    rate(2 * macs, time),
    rate(bytes, time),
  ];
  const sum = (of: (step: StepProfile) => number) => steps.reduce((total, step) => total + of(step), 0);
  const sorted = [...steps].sort((a, b) => b.ms - a.ms);
  return tabulate(
    [
      ['step', 'op', 'ms', 'share', 'GFLOP/s', 'GB/s'],
      ...sorted.map((step) => row(step.name, step.op, step.ms, step.macs, step.bytes)),
      row(
        'total',
        '',
        ms,
        sum((step) => step.macs),
        sum((step) => step.bytes),
      ),
    ],
    2,
    `medians of ${runs} runs with a batch of ${batch}; every step is timed by itself`,
  );
}
