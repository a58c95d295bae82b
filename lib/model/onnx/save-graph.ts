import { ModelFileError, show } from '../../errors.js';
import type { OnnxAttribute, OnnxFile, OnnxTensor } from '../../formats/onnx/file.js';
import { type Stored, safetensorsParts } from '../../formats/safetensors-write.js';
import type { DataType } from '../../tensor.js';
import type { ModelSettings } from '../options.js';
import { joined, metadataOf, writeWhole } from '../save.js';

/**
 * A graph in a safetensors file: nodes, inputs and outputs as JSON in the metadata, initializers as tensors under their
 * own names. A tensor among the attributes is stored as `#<node>/<attribute>`.
 */
export function graphParts(
  file: OnnxFile,
  initializers: ReadonlyMap<string, OnnxTensor>,
  settings: ModelSettings,
): Uint8Array[] {
  const stored: Stored[] = [...initializers].map(([name, tensor]) => storedAs(name, tensor));
  const nodes = file.nodes.map(({ op, name, inputs, outputs, attributes }, index) => {
    const written = [...attributes].map(([key, attribute]) => {
      if (attribute.kind !== 'tensor') return [key, attribute];
      const at = `#${index}/${key}`;
      stored.push(storedAs(at, attribute.value));
      return [key, { kind: 'tensor', value: at } satisfies StoredAttribute];
    });
    return { op, name, inputs, outputs, attributes: written };
  });
  const { irVersion, opset, name, inputs, outputs, metadata } = file;
  const architecture = {
    kind: 'graph',
    irVersion,
    opset,
    name,
    nodes,
    inputs,
    outputs,
    metadata: [...metadata],
  };
  // Wide elements first: then all of them are aligned in the file.
  const byWidth = stored.toSorted((a, b) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  return safetensorsParts(byWidth, metadataOf(2, architecture, settings));
}

/** An attribute in the file; a tensor by its name there. */
export type StoredAttribute =
  | Exclude<OnnxAttribute, { readonly kind: 'tensor' }>
  | { readonly kind: 'tensor'; readonly value: string };

function storedAs(name: string, { type, shape, data }: OnnxTensor): Stored {
  if (data) return { name, dtype: type as DataType, shape, data };
  throw new ModelFileError(
    `save: tensor ${show(name)}: expected float32, float64, int32, int64, uint8 or bool, got ${type}`,
  );
}

export function graphBytes(
  file: OnnxFile,
  initializers: ReadonlyMap<string, OnnxTensor>,
  settings: ModelSettings,
): Uint8Array {
  return joined(graphParts(file, initializers, settings));
}

export function saveGraph(
  path: unknown,
  file: OnnxFile,
  initializers: ReadonlyMap<string, OnnxTensor>,
  settings: ModelSettings,
): Promise<void> {
  return writeWhole('save', path, () => graphParts(file, initializers, settings));
}
