import { attributesOf, type Graph, itemOf, type Node, type Value } from '../graph/graph.js';
import { type Conv2dAttributes, takesWinograd, type Winograd } from '../ops/conv2d.js';
import type { MatmulAttributes } from '../ops/index.js';
import { sizeOf } from '../tensor.js';
import { fitHalves } from './halves.js';

/** What a user asks of algorithms. */
export interface AlgorithmOptions {
  /** No algorithms that trade accuracy for speed. */
  readonly exact: boolean;
  /** No algorithms that trade memory for speed. */
  readonly lowMemory: boolean;
  /** The batch that algorithms are chosen for. */
  readonly batchHint: number;
  /** How large dense layers keep their weights. */
  readonly weights: 'f32' | 'f16';
}

/**
 * Chooses the algorithm of each convolution with constant weights, from shapes and `batchHint` alone, and how those of
 * dense layers are kept: every machine and both engines do the same, so that results are the same wherever the kernels
 * are.
 */
export function chooseAlgorithms(graph: Graph, options: AlgorithmOptions): Graph {
  const nodes = graph.nodes.map((node): Node => {
    if (node.op !== 'conv2d' && node.op !== 'matmul') return node;
    const kernel = graph.values[node.inputs[1] as number] as Value;
    if (!(kernel.data || kernel.scaled)) return node;
    const chosen = node.op === 'matmul' ? halved(kernel, options) : windowed(graph, node, kernel, options);
    return chosen ? { ...node, attributes: attributesOf(node.attributes, chosen) } : node;
  });
  return { ...graph, nodes };
}

/** Fewer weights stay in a cache, where half precision saves little. */
const fewestHalves = 2 ** 18;

function halved(kernel: Value, { weights }: AlgorithmOptions): MatmulAttributes | undefined {
  if (weights === 'f32' || sizeOf(kernel.shape) < fewestHalves || !fitHalves(kernel)) return undefined;
  return { half: true };
}

function windowed(
  graph: Graph,
  { inputs, outputs, attributes, repeat }: Node,
  kernel: Value,
  { exact, lowMemory, batchHint }: AlgorithmOptions,
): { readonly winograd: Winograd } | undefined {
  const x = graph.values[inputs[0] as number] as Value;
  const items = [x, kernel].map((value) => itemOf(value, repeat));
  if (exact || !takesWinograd(attributes as Conv2dAttributes, items)) return undefined;
  const y = itemOf(graph.values[outputs[0] as number] as Value, repeat);
  const [oh = 0, ow = 0, filters = 0] = y.shape;
  const images = (repeat ?? 1) * (x.perSample ? batchHint : 1);
  const channels = sizeOf(kernel.shape) / (9 * filters);
  const winograd = fastest({ oh, ow, channels, filters, images }, lowMemory);
  return winograd === 0 ? undefined : { winograd };
}

interface Shape {
  readonly oh: number;
  readonly ow: number;
  readonly channels: number;
  readonly filters: number;
  readonly images: number;
}

/** A machine of 2 cores with AVX2 (Zen 3): multiply-adds and bytes of the memory per second, cycles of both cores. */
const products = 96e9;
const bandwidth = 21.5e9;
const cycles = 2 * 3.2e9;
/** Cycles to transform the input and the output of a tile, for each 8 channels. */
const transforms = { 2: { input: 40, output: 24 }, 4: { input: 110, output: 90 } } as const;
/** Times the weights that their packed form may take with `lowMemory`. */
const lowMemoryFactor = 2;
/** Of fewer channels, whose products are too short to pay for the transforms, the plain sum takes whole rows of the window. */
const fewestChannels = 8;
/** What the estimates may be wrong by: the gain that an algorithm must promise. */
const margin = 0.9;

/** Seconds of [rows] x [k] x [filters] products, `points` times over; a short sum leaves its tile less to do. */
function productTime(points: number, rows: number, k: number, filters: number): number {
  const rate = (products * 6 * k) / (6 * k + 27);
  return Math.max((points * rows * k * filters) / rate, (4 * points * k * filters) / bandwidth);
}

function winogradTime(side: 2 | 4, { oh, ow, channels, filters, images }: Shape): number {
  const tiles = Math.ceil(oh / side) * Math.ceil(ow / side) * images;
  const { input, output } = transforms[side];
  const each = Math.ceil(channels / 8) * input + Math.ceil(filters / 8) * output;
  return productTime((side + 2) ** 2, tiles, channels, filters) + (tiles * each) / cycles;
}

function fastest(shape: Shape, lowMemory: boolean): Winograd {
  const { oh, ow, channels, filters, images } = shape;
  if (channels < fewestChannels) return 0;
  let best: Winograd = 0;
  let time = productTime(1, oh * ow * images, 9 * channels, filters) * margin;
  for (const side of [2, 4] as const) {
    if (lowMemory && (side + 2) ** 2 > lowMemoryFactor * 9) continue;
    const estimate = winogradTime(side, shape);
    if (estimate >= time) continue;
    best = side;
    time = estimate;
  }
  return best;
}
