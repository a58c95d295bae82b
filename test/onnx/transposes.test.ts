import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Model, saveOnnx, zoo } from 'neocog';
import { describe, expect, test } from 'vitest';
import { dataFile, dataMissing } from '../support/data.js';
import { compile, failing, type Graph, importOnnx, layout, readOnnx } from '../support/internals.js';
import { temporaryFolder } from '../support/package.js';

/** NCHW files become channels-last plans: the transpositions that the importer spells out are gone from inside. */

interface Found {
  /** Transpositions after the layout pass, by what they read: an input of the graph, or something inside. */
  readonly atEntrance: number;
  readonly inside: number;
  readonly steps: ReadonlyMap<string, number>;
}

function permutesOf({ nodes, inputs }: Graph): { atEntrance: number; inside: number } {
  const permutes = nodes.filter(
    ({ op, attributes }) => op === 'copy' && (attributes as { kind?: string }).kind === 'permute',
  );
  const atEntrance = permutes.filter((node) => inputs.includes(node.inputs[0] as number)).length;
  return { atEntrance, inside: permutes.length - atEntrance };
}

function found(bytes: Uint8Array, order: 'nchw' | 'nhwc'): Found {
  const file = readOnnx(bytes, failing('test', 'bytes'));
  const shapes = new Map(
    file.inputs.map(({ name, shape = [] }) => {
      const [c, h, w] = shape.slice(1) as [number, number, number];
      return [name, order === 'nhwc' ? [h, w, c] : [c, h, w]];
    }),
  );
  const request = {
    mode: 'batched',
    shapes,
    known: new Map(),
    weights: file.initializers,
    layout: order,
  } as const;
  const { graph } = importOnnx(file, request);
  const steps = new Map<string, number>();
  for (const { op } of compile(graph).steps) steps.set(op, (steps.get(op) ?? 0) + 1);
  return { ...permutesOf(layout(graph)), steps };
}

async function exported(net: Model): Promise<Uint8Array> {
  const path = join(temporaryFolder(), 'net.onnx');
  await saveOnnx(net, path, { layout: 'nchw' });
  return new Uint8Array(readFileSync(path));
}

const small = { inputShape: [64, 64, 3] as const, classes: 10 };

const nets: Readonly<Record<string, () => Model>> = {
  ResNet: () => zoo.resnet18(small),
  MobileNetV1: () => zoo.mobilenetV1({ ...small, alpha: 0.25 }),
  MobileNetV2: () => zoo.mobilenetV2(small),
  MobileNetV3: () => zoo.mobilenetV3Small(small),
  SqueezeNet: () => zoo.squeezenet(small),
  DenseNet: () => zoo.densenet121(small),
  GoogLeNet: () => zoo.googlenet(small),
  EfficientNet: () => zoo.efficientnetB0(small),
};

describe('transpositions in the plans of ONNX files', () => {
  test.each(Object.keys(nets))('%s has none but the one of its input', async (name) => {
    const bytes = await exported((nets[name] as () => Model)());
    expect(found(bytes, 'nchw')).toMatchObject({ atEntrance: 1, inside: 0 });
    const last = found(bytes, 'nhwc');
    expect(last).toMatchObject({ atEntrance: 0, inside: 0 });
    expect(last.steps.get('copy') ?? 0).toBe(0);
  });

  test('ShuffleNet has those of its channel shuffles', async () => {
    const bytes = await exported(zoo.shufflenetV2({ ...small, alpha: 0.5 }));
    expect(found(bytes, 'nhwc')).toMatchObject({ atEntrance: 0, inside: 16 });
  });

  test('activations, normalisations, sums and concatenations are no steps of their own', async () => {
    const of = async (name: string) =>
      [...found(await exported((nets[name] as () => Model)()), 'nhwc').steps.keys()].sort();
    expect(await of('ResNet')).toEqual(['conv2d', 'matmul', 'maxpool2d', 'reduce']);
    expect(await of('MobileNetV2')).toEqual(['conv2d', 'depthwise2d', 'matmul', 'reduce']);
    expect(await of('SqueezeNet')).toEqual(['conv2d', 'maxpool2d', 'reduce']);
    expect(await of('GoogLeNet')).toEqual(['conv2d', 'matmul', 'maxpool2d', 'reduce']);
  });

  test.skipIf(dataMissing !== undefined)(`SqueezeNet as PyTorch wrote it${dataMissing ?? ''}`, () => {
    const bytes = new Uint8Array(readFileSync(dataFile('models/squeezenet1.1.onnx')));
    expect(found(bytes, 'nhwc')).toMatchObject({ atEntrance: 0, inside: 0 });
    expect(found(bytes, 'nchw')).toMatchObject({ atEntrance: 1, inside: 0 });
  });
});
