import { type Graph, itemOf } from '../graph/graph.js';
import type { Plan, Port, Ref, Step } from '../graph/plan.js';
import { ops } from '../ops/index.js';
import type { Geometry } from '../ops/op.js';
import { sizeOf } from '../tensor.js';
import { type AlgorithmOptions, chooseAlgorithms } from './algorithms.js';
import { aliases } from './aliases.js';
import { shareCommon } from './common.js';
import { foldAffine } from './fold-affine.js';
import { foldBefore } from './fold-before.js';
import { foldConstants } from './fold-constants.js';
import { foldGate } from './fold-gate.js';
import { foldPad } from './fold-pad.js';
import { fuseActivation } from './fuse-activation.js';
import { fusePool } from './fuse-pool.js';
import { fuseResidual } from './fuse-residual.js';
import { joinSlices } from './join-slices.js';
import { layout } from './layout.js';
import { memory } from './memory.js';
import { recogniseNormalizations } from './normalizations.js';
import { recognise } from './patterns.js';
import { prune } from './prune.js';
import { simplify } from './simplify.js';
import { sinkReshapes } from './sink-reshapes.js';
import { spread } from './spread.js';
import { type Strip, strips } from './strips.js';

const usual: AlgorithmOptions = { exact: false, lowMemory: false, batchHint: 1, weights: 'f32' };

/** From graph to plan: every decision that can be taken before the first run is taken here. */
export function compile(graph: Graph, options: AlgorithmOptions = usual): Plan {
  const passes = [
    prune,
    foldConstants,
    simplify,
    prune,
    recognise,
    recogniseNormalizations,
    joinSlices,
    layout,
    sinkReshapes,
    shareCommon,
    foldPad,
    foldAffine,
    foldBefore,
    fuseResidual,
    fuseActivation,
    foldGate,
    prune,
    (fused: Graph) => chooseAlgorithms(fused, options),
    fusePool,
  ];
  const short = passes.reduce((before, pass) => pass(before), graph);
  const aliased = aliases(short);
  const together = strips(short, aliased);
  const { refs, moves, constants, sampleArena, sharedArena, copies } = memory(short, aliased, together);
  const shapes = (ids: readonly number[]) => ids.map((id) => short.values[id] as Graph['values'][number]);

  const steps = aliased.nodes.flatMap((node, at): Step | Step[] => {
    const { op, name, attributes, inputs, outputs, repeat = 1 } = node;
    const items = (ids: readonly number[]) => shapes(ids).map((value) => itemOf(value, node.repeat));
    const geometry = ops[op].geometry(attributes, items(inputs), items(outputs));
    const { first, last } = together[at] as Strip;
    const step = { op, name, geometry, repeat, together: at === first ? last - first + 1 : 1 };
    const left = moves(node);
    if (left) return left.map(({ from, to }) => ({ ...step, inputs: [from], outputs: [to] }));
    const placed = refs(node);
    const [to] = placed.outputs;
    if (op !== 'copy' || !to?.pitch) return { ...step, ...placed };
    // The rows of a copy are in its geometry.
    const row = to.size / (to.stride / to.pitch);
    return { ...step, ...placed, geometry: spread(geometry, row, to.pitch) as Geometry };
  });
  // Names are those of the graph as it was built: a pass may have put another value in the place of an output.
  const ports = (ids: readonly number[]): Port[] =>
    ids.map((id) => {
      const { name, shape, perSample } = graph.values[id] as Graph['values'][number];
      return { name, shape, perSample, size: sizeOf(shape) };
    });
  return {
    steps: [...steps, ...copies.map(copyStep)],
    inputs: ports(graph.inputs),
    outputs: ports(graph.outputs),
    constants,
    sampleArena,
    sharedArena,
  };
}

/** A step that only moves `to.size` floats. */
function copyStep({ from, to }: { from: Ref; to: Ref }): Step {
  const axes = [0, 1, 2, 3, 4, 5];
  const along = (letter: string, outer: number, last: number): [string, number][] =>
    axes.map((axis) => [`${letter}${axis}`, axis === 5 ? last : outer]);
  const fields = [...along('d', 1, to.size), ...along('i', 0, 1), ...along('o', 0, 1)];
  const geometry = { ...Object.fromEntries(fields), from: 0, to: 0, fill: 0, value: 0 };
  return { op: 'copy', name: 'copy', geometry, repeat: 1, together: 1, inputs: [from], outputs: [to] };
}
