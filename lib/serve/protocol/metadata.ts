import type { ServedModel } from '../repository.js';
import type { Edge } from './edges.js';

/** What the server says about itself. */
export function serverMetadata(version: string): object {
  return { name: 'neocog', version, extensions: ['binary_tensor_data', 'statistics', 'schedule_policy'] };
}

/** What the server says about a model: `versions` are all that it has. */
export function modelMetadata(
  { name, model, inputs, outputs }: ServedModel,
  versions: readonly string[],
): object {
  const tensor = ({ name: tensorName, datatype, shape }: Edge) => ({
    name: tensorName,
    datatype: datatype.name,
    shape,
  });
  return {
    name,
    versions,
    platform: `neocog_${model.backend.name}`,
    inputs: inputs.map(tensor),
    outputs: outputs.map(tensor),
  };
}
