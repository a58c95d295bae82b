import { ShapeError } from '../errors.js';
import { graphBuilder } from '../graph/builder.js';
import type { Graph, Node } from '../graph/graph.js';
import type { CopyAttributes } from '../ops/index.js';
import { type Layout, rules } from './layout-rules.js';
import { natural } from './orders.js';
import { placement } from './placement.js';
import { wantedOrders } from './wanted.js';

/**
 * Lets permutations vanish. A value need not lie in memory as it is declared: a permutation makes another order of axes
 * and no step, ops that take any order keep it (their axes are renumbered), and memory moves only where an op demands the
 * declared order of what lies otherwise. So a network spelled for [c, h, w] around channels-last ops runs channels last
 * from its first convolution to its last.
 */
export function layout(graph: Graph): Graph {
  if (!graph.nodes.some(isPermutation)) return graph;
  try {
    return laidOut(graph);
  } catch (error) {
    // Two permutations joined may have more axes than a kernel walks; then each stays where it is.
    if (error instanceof ShapeError) return graph;
    throw error;
  }
}

function isPermutation({ op, attributes }: Node): boolean {
  return op === 'copy' && (attributes as CopyAttributes).kind === 'permute';
}

function laidOut(graph: Graph): Graph {
  const builder = graphBuilder();
  const places = placement(graph, builder);
  const wanted = wantedOrders(graph);
  for (const id of graph.inputs) {
    const { name, shape, perSample } = graph.values[id] as Graph['values'][number];
    places.put(id, { id: builder.input(name, shape, perSample), order: natural(shape.length) });
  }

  const lay: Layout = {
    ...places,
    value: (id) => graph.values[id] as Graph['values'][number],
    wanted: (id) => wanted[id],
    natural: (id) => places.bring(id, natural(graph.values[id]?.shape.length ?? 0)),
    emit({ op, name, outputs }, attributes, inputs, orders, repeat) {
      builder.node(op, name, attributes, inputs, repeat).forEach((id, i) => {
        const to = outputs[i] as number;
        const order = orders?.[i] ?? natural(graph.values[to]?.shape.length ?? 0);
        places.put(to, { id, order });
      });
    },
  };
  for (const node of graph.nodes) (rules[node.op] ?? rules.strict)(node, lay);
  return builder.finish(graph.outputs.map(lay.natural));
}
