import { engineTime } from './engine-time.js';
import type { Request } from './request.js';
import type { Counters } from './statistics.js';

/**
 * Computes requests of one kind in one run and answers them; where that fails, each alone, so that none suffers for
 * another. Never rejects; gives the milliseconds of the engine.
 */
export async function execute(requests: readonly Request[], counters: Counters): Promise<number> {
  const [first] = requests;
  if (!first) return 0;
  const { kind } = first.call;
  const batch = requests.reduce((sum, { call }) => sum + call.batch, 0);
  const inputs = first.inputs.map((_, i) => requests.map((request) => request.inputs[i] as Float32Array));
  const handedOver = performance.now();
  let results: readonly Float32Array[];
  try {
    results = await kind.run(batch, inputs, undefined);
  } catch (error) {
    const { ms } = engineTime(handedOver);
    if (requests.length > 1) return ms + (await executeEach(requests, counters));
    if (!first.settled) counters.refuse('failed');
    first.reject(error);
    return ms;
  }
  const time = engineTime(handedOver);
  counters.ran(batch, time);
  let sample = 0;
  for (const request of requests) {
    const { call, settled } = request;
    const begin = sample;
    sample += call.batch;
    if (settled) continue;
    try {
      const parts = requests.length === 1 ? results : partsOf(results, kind.outputs, begin, call.batch);
      request.resolve(call.answer(parts));
      counters.answered(request, time);
    } catch (error) {
      counters.refuse('failed');
      request.reject(error);
    }
  }
  return time.ms;
}

async function executeEach(requests: readonly Request[], counters: Counters): Promise<number> {
  let ms = 0;
  for (const request of requests) if (!request.settled) ms += await execute([request], counters);
  return ms;
}

/** Memory of its own for the answer of one request. */
function partsOf(
  results: readonly Float32Array[],
  sizes: readonly number[],
  sample: number,
  count: number,
): Float32Array[] {
  return results.map((data, i) => {
    const size = sizes[i] as number;
    return data.slice(sample * size, (sample + count) * size);
  });
}
