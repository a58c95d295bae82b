/** The worker thread of the TypeScript engine: computes runs, one after the other, on weights it shares. */
import { parentPort } from 'node:worker_threads';
import { type Bound, bind, newOutputs, type Prepared, runSteps } from './js-run.js';

export type ToWorker =
  | { readonly kind: 'load'; readonly program: number; readonly prepared: Prepared }
  | { readonly kind: 'unload'; readonly program: number }
  | {
      readonly kind: 'run';
      readonly run: number;
      readonly program: number;
      readonly batch: number;
      readonly inputs: readonly Float32Array[];
      /** Its only element becomes 1 when nobody wants the answer any more. */
      readonly cancelled: Int32Array | undefined;
    };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly run: number; readonly outputs: Float32Array[] }
  | { readonly kind: 'failed'; readonly run: number; readonly error: unknown };

const programs = new Map<number, { readonly prepared: Prepared; bound?: Bound }>();

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'load') programs.set(message.program, { prepared: message.prepared });
  else if (message.kind === 'unload') programs.delete(message.program);
  else answer(message);
});
post({ kind: 'ready' });

function answer({ run, program, batch, inputs, cancelled }: ToWorker & { kind: 'run' }): void {
  const isCancelled = cancelled && (() => Atomics.load(cancelled, 0) === 1);
  if (isCancelled?.()) return;
  try {
    const entry = programs.get(program);
    if (!entry) throw new Error(`program ${program} is not loaded`);
    const bound = entry.bound?.batch === batch ? entry.bound : bind(entry.prepared, batch, entry.bound);
    entry.bound = bound;
    const outputs = newOutputs(entry.prepared, batch);
    runSteps(bound, inputs, outputs, isCancelled);
    post(
      { kind: 'done', run, outputs },
      outputs.map((output) => output.buffer),
    );
  } catch (error) {
    post({ kind: 'failed', run, error });
  }
}

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}
