import type { OnnxFile } from '../formats/onnx/file.js';
import { exportGraph } from '../onnx/export/export.js';
import { withWeights } from './face.js';
import type { Network } from './network.js';
import type { ModelSettings } from './options.js';

/** How images stand at the inputs and outputs of a file. */
export type Layout = 'nhwc' | 'nchw';

/** The network with these weights as an ONNX file; preprocessing and labels become its metadata, as JSON. */
export function onnxFileOf(
  network: Network,
  arrays: readonly Float32Array[],
  { preprocessing, labels }: Pick<ModelSettings, 'preprocessing' | 'labels'>,
  layout: Layout = 'nhwc',
): OnnxFile {
  const metadata = new Map<string, string>();
  if (preprocessing !== undefined) metadata.set('preprocessing', JSON.stringify(preprocessing));
  if (labels !== undefined) metadata.set('labels', JSON.stringify(labels));
  return exportGraph({
    graph: withWeights(network, arrays),
    inputs: network.inputs.map(({ name }) => name),
    outputs: network.outputs.map(({ name }) => name),
    layout,
    metadata,
  });
}
