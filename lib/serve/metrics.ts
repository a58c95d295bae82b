import type { Registry } from 'prom-client';
import { peer } from '../peer.js';
import type { Batcher } from './batcher.js';
import { type Spread, timeBounds } from './statistics.js';

/** One version of a model and the batcher in front of it. */
export interface Measured {
  readonly name: string;
  readonly version: string;
  readonly batcher: Batcher;
}

/** What Prometheus asks for. */
export interface Metrics {
  readonly contentType: string;
  /** One answered request for a model: its time from the first byte read to the last one written. */
  observe(model: string, version: string, seconds: number): void;
  /** Everything, in Prometheus' text format. */
  text(): Promise<string>;
}

type Labels = Readonly<Record<string, string | number>>;
interface Value {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
}

const seconds = timeBounds.map((ms) => ms / 1000);
const sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];

const load = () => peer('prom-client', 'metrics', () => import('prom-client'));

/** Memory, processor time, event loop: of the process, however many servers it has; they are never taken down. */
let ofProcess: Registry | undefined;

/** The figures of the models that `measured` lists, read from their batchers whenever they are asked for. */
export async function metrics(measured: () => Iterable<Measured>): Promise<Metrics> {
  const { Registry, Histogram, collectDefaultMetrics } = await load();
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  const processWide = ofProcess;
  const registry = new Registry();
  const requests = new Histogram({
    name: 'neocog_request_seconds',
    help: 'Time of answered requests, with reading and writing.',
    labelNames: ['model', 'version'],
    buckets: seconds,
    registers: [registry],
  });

  /** A metric that is not kept but computed: its values are what the batchers say at that moment. */
  const computed = (
    name: string,
    type: 'counter' | 'gauge' | 'histogram',
    help: string,
    values: (batcher: Batcher, labels: Labels) => readonly Value[],
  ): void => {
    const metric = {
      name,
      get: async () => ({
        name,
        help,
        type,
        aggregator: 'sum',
        values: Array.from(measured(), ({ name: model, version, batcher }) =>
          values(batcher, { model, version }),
        ).flat(),
      }),
    };
    // The registry only calls get(); its type asks for one of its own classes.
    registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0]);
  };

  computed('neocog_success_total', 'counter', 'Requests answered.', (batcher, labels) => [
    { labels, value: batcher.statistics().success.count },
  ]);
  computed('neocog_failure_total', 'counter', 'Requests not answered, by reason.', (batcher, labels) => {
    const { failed, rejected, timedOut, cancelled } = batcher.statistics();
    return Object.entries({ failed, rejected, timed_out: timedOut, cancelled }).map(([reason, value]) => ({
      labels: { ...labels, reason },
      value,
    }));
  });
  computed('neocog_samples_total', 'counter', 'Samples answered.', (batcher, labels) => [
    { labels, value: batcher.statistics().inferenceCount },
  ]);
  computed('neocog_executions_total', 'counter', 'Batches run.', (batcher, labels) => [
    { labels, value: batcher.statistics().executionCount },
  ]);
  computed('neocog_pending', 'gauge', 'Requests that wait in the queue.', (batcher, labels) => [
    { labels, value: batcher.waiting },
  ]);
  computed('neocog_queue_seconds', 'histogram', 'Time of requests in the queue.', (batcher, labels) =>
    times('neocog_queue_seconds', batcher.statistics().queue, labels),
  );
  computed('neocog_compute_seconds', 'histogram', 'Time of batches in the network.', (batcher, labels) =>
    times('neocog_compute_seconds', batcher.statistics().compute, labels),
  );
  computed('neocog_batch_size', 'histogram', 'Samples per batch.', (batcher, labels) =>
    batchSizes(batcher, labels),
  );

  return {
    contentType: registry.contentType,
    observe: (model, version, time) => requests.observe({ model, version }, time),
    text: async () => `${await registry.metrics()}\n${await processWide.metrics()}`,
  };
}

function times(name: string, { count, ms, ranges }: Spread, labels: Labels): readonly Value[] {
  let upTo = 0;
  const cumulative = seconds.map((le, i) => {
    upTo += ranges[i];
    return [le, upTo] as const;
  });
  return histogram(name, labels, cumulative, count, ms / 1000);
}

function batchSizes(batcher: Batcher, labels: Labels): readonly Value[] {
  const exact = Array.from(batcher.statistics().batchSizes, ([size, { count }]) => ({ size, count }));
  const upTo = (most: number) =>
    exact.reduce((sum, { size, count }) => (size <= most ? sum + count : sum), 0);
  const all = exact.reduce((sum, { size, count }) => sum + size * count, 0);
  return histogram(
    'neocog_batch_size',
    labels,
    sizes.map((le) => [le, upTo(le)]),
    upTo(Number.POSITIVE_INFINITY),
    all,
  );
}

/** `cumulative` says how many were at most as large as each bound. */
function histogram(
  name: string,
  labels: Labels,
  cumulative: readonly (readonly [number, number])[],
  count: number,
  sum: number,
): readonly Value[] {
  const bucket = `${name}_bucket`;
  return [
    ...cumulative.map(([le, value]) => ({ metricName: bucket, labels: { ...labels, le }, value })),
    { metricName: bucket, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
