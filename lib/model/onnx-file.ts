import type { OnnxFile } from '../formats/onnx/file.js';
import { exportGraph } from '../onnx/export/export.js';
import { withWeights } from './face.js';
import type { Network } from './network.js';
import type { ModelSettings } from './options.js';

/** How images stand at the inputs and outputs of a file. */
export type Layout = 'nhwc' | 'nchw';

type Described = Pick<ModelSettings, 'preprocessing' | 'labels'>;

/** The network with these weights as an ONNX file; preprocessing and labels become its metadata, as JSON. */
export function onnxFileOf(
  network: Network,
  arrays: readonly Float32Array[],
  settings: Described,
  layout: Layout = 'nhwc',
): OnnxFile {
  return exportGraph({
    graph: withWeights(network, arrays),
    inputs: network.inputs.map(({ name }) => name),
    outputs: network.outputs.map(({ name }) => name),
    layout,
    metadata: withDescription(new Map(), settings),
  });
}

/** The metadata of a file, with preprocessing and labels where there are any. */
export function withDescription(
  metadata: ReadonlyMap<string, string>,
  { preprocessing, labels }: Described,
): ReadonlyMap<string, string> {
  const all = new Map(metadata);
  if (preprocessing !== undefined) all.set('preprocessing', JSON.stringify(preprocessing));
  if (labels !== undefined) all.set('labels', JSON.stringify(labels));
  return all;
}
