import type { ServedModel } from '../repository.js';
import type { Tally } from '../statistics.js';

/**
 * The statistics of models in Triton's form, times in nanoseconds. Inputs and outputs are copied within the run of a batch,
 * so that their time is a part of compute_infer, and what failed has a count but no time.
 */
export function modelStatistics(served: readonly ServedModel[]): object {
  return { model_stats: served.map(statisticsOf) };
}

function statisticsOf({ name, version, batcher }: ServedModel): object {
  const statistics = batcher.statistics();
  const { success, queue, compute, failed, rejected, timedOut, cancelled } = statistics;
  const nowhere = duration({ count: compute.count, ms: 0 });
  return {
    name,
    version,
    last_inference: Math.round(statistics.lastInference ?? 0),
    inference_count: statistics.inferenceCount,
    execution_count: statistics.executionCount,
    inference_stats: {
      success: duration(success),
      fail: duration({ count: failed + rejected + timedOut + cancelled, ms: 0 }),
      queue: duration(queue),
      compute_input: nowhere,
      compute_infer: duration(compute),
      compute_output: nowhere,
    },
    batch_stats: [...statistics.batchSizes]
      .sort(([a], [b]) => a - b)
      .map(([size, spent]) => ({
        batch_size: size,
        compute_input: duration({ count: spent.count, ms: 0 }),
        compute_infer: duration(spent),
        compute_output: duration({ count: spent.count, ms: 0 }),
      })),
  };
}

function duration({ count, ms }: Tally): object {
  return { count, ns: Math.round(ms * 1e6) };
}
