import { createRequire } from 'node:module';
import type { Worker } from 'node:worker_threads';
import { BackendError } from '../errors.js';
import { packageRoot } from '../root.js';
import { abortable } from './abort.js';
import type { RunInput } from './backend.js';
import { attach, bind, newOutputs, type Prepared, runStep } from './js-run.js';
import type { FromWorker, ToWorker } from './js-worker.js';

/**
 * Shared memory does not count for a garbage collector: the worker would see no reason to look for weights that nobody
 * uses. After so many bytes it ends where it has nothing to do, and the next run starts another.
 */
const maxForgotten = 256 * 2 ** 20;

/** A program of the TypeScript engine under the number by which the worker knows it. */
export interface Loaded {
  readonly id: number;
  readonly prepared: Prepared;
}

interface Pending {
  readonly program: Loaded;
  readonly batch: number;
  readonly inputs: Float32Array<ArrayBuffer>[];
  readonly signal: AbortSignal | undefined;
  readonly cancelled: Int32Array | undefined;
  resolve(outputs: Float32Array[]): void;
  reject(error: unknown): void;
}

// One worker for all programs of this thread: it starts with the first run and keeps the process alive only while
// somebody waits for an answer.
let worker: Worker | undefined;
let ready = false;
let refused: string | undefined;
const known = new Set<number>();
const pending = new Map<number, Pending>();
let runs = 0;
/** Bytes of the programs that this worker was told to forget. */
let forgotten = 0;

/** Why runs stay on this thread, where that is so. */
export function offloadRefused(): string | undefined {
  return refused;
}

/** Computes in the worker; where none can start, on this thread with a turn of the event loop between the steps. */
export async function offload(
  program: Loaded,
  batch: number,
  given: readonly RunInput[],
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  const run = ++runs;
  const cancelled = signal && new Int32Array(new SharedArrayBuffer(4));
  const start = (): Promise<Float32Array[]> =>
    new Promise((resolve, reject) => {
      const inputs = given.map(copyOf);
      const request = { program, batch, inputs, signal, cancelled, resolve, reject };
      if (!refused) startWorker();
      if (refused) runHere(request);
      else {
        pending.set(run, request);
        worker?.ref();
        if (ready) send(run, request);
      }
    });
  const cancel = (): void => {
    if (cancelled) Atomics.store(cancelled, 0, 1);
    settle(run);
  };
  return abortable(signal, start, cancel);
}

function copyOf(input: RunInput): Float32Array<ArrayBuffer> {
  if (ArrayBuffer.isView(input)) return new Float32Array(input);
  const copy = new Float32Array(input.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of input) {
    copy.set(part, at);
    at += part.length;
  }
  return copy;
}

/** The worker may forget a program and its `bytes`; a run in flight finishes. */
export function forget({ id, bytes }: { readonly id: number; readonly bytes: number }): void {
  if (!known.delete(id)) return;
  post({ kind: 'unload', program: id });
  forgotten += bytes;
  rest();
}

/** With nothing to do, the worker lets the process exit; or it ends, where it holds too much that is forgotten. */
function rest(): void {
  if (pending.size > 0) return;
  worker?.unref();
  if (forgotten <= maxForgotten) return;
  worker?.terminate();
  leave();
}

function leave(): void {
  worker = undefined;
  ready = false;
  forgotten = 0;
  known.clear();
}

function startWorker(): void {
  if (worker) return;
  try {
    // The flags of this process (loaders, a profiler) are not for the worker.
    const started = newWorker(new URL('dist/backend/js-worker.js', packageRoot()), {
      name: 'neocog',
      execArgv: [],
    });
    let failure: unknown;
    started.on('message', (message: FromWorker) => {
      if (worker === started) receive(message);
    });
    started.on('error', (error) => {
      failure = error;
    });
    started.on('exit', (code) => {
      if (worker === started) stopped(failure ?? new Error(`exit code ${code}`));
    });
    started.unref();
    worker = started;
  } catch (error) {
    refuse(error);
  }
}

/** The module is loaded with the first worker: it is a good part of what the import of the package would take. */
function newWorker(...args: ConstructorParameters<typeof Worker>): Worker {
  const threads: typeof import('node:worker_threads') = createRequire(import.meta.url)('node:worker_threads');
  return new threads.Worker(...args);
}

function receive(message: FromWorker): void {
  if (message.kind === 'ready') {
    ready = true;
    for (const [run, request] of pending) send(run, request);
    return;
  }
  const request = settle(message.run);
  if (message.kind === 'done') request?.resolve(message.outputs);
  else request?.reject(message.error);
}

/** Takes a run off the list. */
function settle(run: number): Pending | undefined {
  const request = pending.get(run);
  pending.delete(run);
  rest();
  return request;
}

/** A worker that never came up will not come up next time either; one that died is started anew by the next run. */
function stopped(error: unknown): void {
  const waiting = [...pending.values()];
  const wasReady = ready;
  pending.clear();
  leave();
  if (wasReady) {
    const death = new BackendError(`js backend: the worker thread stopped: ${text(error)}`, { cause: error });
    for (const request of waiting) request.reject(death);
  } else {
    refuse(error);
    waiting.forEach(runHere);
  }
}

function refuse(error: unknown): void {
  refused = `no worker thread can start, so predict runs on the calling thread: ${text(error)}`;
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function send(run: number, { program, batch, inputs, cancelled }: Pending): void {
  if (!known.has(program.id)) {
    known.add(program.id);
    post({ kind: 'load', program: program.id, prepared: program.prepared });
  }
  const transfer = inputs.map((input) => input.buffer);
  post({ kind: 'run', run, program: program.id, batch, inputs, cancelled }, transfer);
}

function post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
  worker?.postMessage(message, transfer);
}

async function runHere({ program, batch, inputs, signal, resolve, reject }: Pending): Promise<void> {
  try {
    const outputs = newOutputs(program.prepared, batch);
    const bound = bind(program.prepared, batch);
    attach(bound, inputs, outputs);
    for (const step of bound.steps) {
      await new Promise(setImmediate);
      if (signal?.aborted) return;
      runStep(step);
    }
    resolve(outputs);
  } catch (error) {
    reject(error);
  }
}
