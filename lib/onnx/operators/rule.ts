import type { Emitter } from '../emitter.js';
import type { NodeScope } from '../node-scope.js';
import type { Value } from '../value.js';

/** How an operator becomes nodes of the graph where not all of its inputs are known. */
export type Rule = (emit: Emitter, scope: NodeScope) => readonly Value[];
