import { activations } from './activations.js';
import { arithmetic } from './arithmetic.js';
import { conversion } from './conversion.js';
import { convolution } from './convolution.js';
import { matrix } from './matrix.js';
import { normalization } from './normalization.js';
import { padding } from './padding.js';
import { parts } from './parts.js';
import { pooling } from './pooling.js';
import { reductions } from './reductions.js';
import { resizing } from './resizing.js';
import type { Rule } from './rule.js';
import { shapes } from './shapes.js';

/** Operators that may have inputs which exist only when the model runs, by ONNX's name. */
export const rules: ReadonlyMap<string, Rule> = new Map(
  [
    convolution,
    pooling,
    matrix,
    normalization,
    activations,
    arithmetic,
    reductions,
    shapes,
    parts,
    padding,
    resizing,
    conversion,
  ].flatMap((family) => Object.entries(family)),
);
