import { input, layers, type Model, model, sequential, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { relativeError } from './support/bounds.js';
import { available } from './support/engines.js';
import { digitLayers, inputShapeOf, lenetLayers, randomiseWeights, randomTensor } from './support/nets.js';

const firstOf = (net: Model): number[] =>
  net.getWeights().flatMap(({ data }, i) => (i === 0 ? [...data] : []));

describe('sequential', () => {
  test('layers by add, until the first use', () => {
    const net = sequential();
    net.add(layers.dense({ inputShape: [3], units: 2 }));
    net.add(layers.relu());
    expect(net.outputs[0]?.shape).toEqual([2]);
    net.add(layers.dense({ units: 1 }));
    expect(net.predictSync(randomTensor([4, 3])).shape).toEqual([4, 1]);
    expect(() => net.add(layers.relu())).toThrow(/add|first use/);
  });

  test('add that fails leaves the model as it was', () => {
    const net = sequential({ layers: [layers.conv2d({ inputShape: [4, 4, 1], filters: 2, kernelSize: 3 })] });
    expect(() => net.add(layers.conv2d({ filters: 1, kernelSize: 9 }))).toThrow(/layer 1/);
    net.add(layers.flatten());
    expect(net.outputs[0]?.shape).toEqual([8]);
  });

  test('names: by type and number in layer order; inputs and outputs', () => {
    const net = sequential({ layers: lenetLayers() });
    expect([...net.weights.keys()]).toEqual(
      ['conv2d_1', 'conv2d_2', 'dense_1', 'dense_2', 'dense_3'].flatMap((name) => [
        `${name}/kernel`,
        `${name}/bias`,
      ]),
    );
    expect(net.inputs).toEqual([{ name: 'input_1', shape: [28, 28, 1], dtype: 'float32' }]);
    expect(net.outputs).toEqual([{ name: 'dense_3', shape: [10], dtype: 'float32' }]);
  });

  test('order of weights within a layer, and their shapes', () => {
    const net = sequential({
      layers: [
        layers.separableConv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, depthMultiplier: 2 }),
        layers.batchNormalization(),
        layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }),
        layers.conv2dTranspose({ filters: 5, kernelSize: 2 }),
        layers.prelu({ sharedAxes: [1, 2] }),
        layers.conv2d({ filters: 10, kernelSize: [1, 2], groups: 5 }),
        layers.dense({ units: 3 }),
      ],
    });
    expect([...net.weights].map(([name, { shape }]) => `${name} ${shape.join()}`)).toEqual([
      'separableConv2d_1/depthwiseKernel 3,3,3,2',
      'separableConv2d_1/pointwiseKernel 1,1,6,4',
      'separableConv2d_1/bias 4',
      'batchNormalization_1/gamma 4',
      'batchNormalization_1/beta 4',
      'batchNormalization_1/movingMean 4',
      'batchNormalization_1/movingVariance 4',
      'depthwiseConv2d_1/kernel 3,3,4,2',
      'depthwiseConv2d_1/bias 8',
      'conv2dTranspose_1/kernel 2,2,5,8',
      'conv2dTranspose_1/bias 5',
      'prelu_1/alpha 1,1,5',
      'conv2d_1/kernel 1,2,1,10',
      'conv2d_1/bias 10',
      'dense_1/kernel 10,3',
      'dense_1/bias 3',
    ]);
  });

  test('start values: Glorot uniform of the seed, zeros, 1 0 0 1', () => {
    const build = (seed?: number) =>
      sequential({
        layers: [layers.dense({ inputShape: [50], units: 70 }), layers.batchNormalization()],
        ...(seed === undefined ? {} : { seed }),
      });
    const [kernel, bias, ...norm] = build(1)
      .getWeights()
      .map(({ data }) => data) as [Float32Array, Float32Array, ...Float32Array[]];
    const limit = Math.sqrt(6 / 120);
    expect(Math.max(...kernel)).toBeLessThanOrEqual(limit);
    expect(Math.max(...kernel)).toBeGreaterThan(0.95 * limit);
    expect(Math.min(...kernel)).toBeLessThan(-0.95 * limit);
    const mean = kernel.reduce((sum, value) => sum + value, 0) / kernel.length;
    expect(Math.abs(mean)).toBeLessThan(0.05 * limit);
    expect(bias.every((value) => value === 0)).toBe(true);
    expect(norm.map((values) => values[0])).toEqual([1, 0, 0, 1]);
    expect(build(1).getWeights()[0]?.data).toEqual(kernel);
    expect(build(2).getWeights()[0]?.data).not.toEqual(kernel);
    expect(build().getWeights()[0]?.data).toEqual(build().getWeights()[0]?.data);
  });

  test('weights are copies: changing one changes nothing', () => {
    const net = sequential({ layers: [layers.dense({ inputShape: [2], units: 2 })] });
    const before = net.getWeights().map(({ data }) => [...data]);
    net.getWeights()[0]?.data.fill(9);
    net.weights.get('dense_1/kernel')?.data.fill(9);
    const given = randomTensor([2, 2]);
    expect(net.getWeights().map(({ data }) => [...data])).toEqual(before);
    net.setWeights([given, randomTensor([2])]);
    const now = firstOf(net);
    given.data.fill(0);
    expect(firstOf(net)).toEqual(now);
  });

  test('summary: a line per layer with shape, parameters and multiply-adds, and the sums', () => {
    const text = String(sequential({ layers: lenetLayers() }).summary());
    for (const part of ['conv2d_1', 'dense_3', '156', '2416', '61706'])
      expect(text.replaceAll(',', '')).toContain(part);
    const macs = 28 * 28 * 25 * 6 + 10 * 10 * 25 * 6 * 16 + 400 * 120 + 120 * 84 + 84 * 10;
    expect(text.replaceAll(',', '')).toContain(String(macs));
  });
});

describe('model', () => {
  test('a graph with a way around, and the inputs in any order', () => {
    const x = input({ shape: [4, 4, 3] });
    const wide = layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same', name: 'wide' }).apply(x);
    const sum = layers.add().apply([x, wide]);
    const y = layers.globalAveragePooling2d().apply(layers.relu().apply(sum));
    const net = model({ inputs: x, outputs: y });
    randomiseWeights(net);
    const data = randomTensor([2, 4, 4, 3]);
    const inside = model({ inputs: x, outputs: wide });
    inside.setWeights(net.getWeights());
    const by = inside.predictSync(data).data;
    const wanted = [0, 1].flatMap((sample) =>
      [0, 1, 2].map((c) => {
        let total = 0;
        for (let pixel = 0; pixel < 16; pixel++) {
          const at = sample * 48 + pixel * 3 + c;
          total += Math.max(0, (data.data[at] as number) + (by[at] as number));
        }
        return total / 16;
      }),
    );
    expect(relativeError(net.predictSync(data).data, wanted)).toBeLessThan(1e-6);
  });

  test('an input that is an output as well', () => {
    const x = input({ shape: [2], name: 'x' });
    const net = model({ inputs: x, outputs: [x, layers.relu({ name: 'y' }).apply(x)] });
    const answer = net.predictSync({ x: tensor(Float32Array.of(-1, 2), [1, 2]) });
    expect(Object.values(answer).map(({ data }) => [...data])).toEqual([
      [-1, 2],
      [0, 2],
    ]);
  });
});

describe('whole networks agree on every engine', () => {
  test.for([
    ['digits', digitLayers],
    ['LeNet', lenetLayers],
    [
      'small mobile net',
      () => [
        layers.conv2d({
          inputShape: [32, 32, 3],
          filters: 16,
          kernelSize: 3,
          strides: 2,
          padding: 'same',
          useBias: false,
        }),
        layers.batchNormalization(),
        layers.relu({ maxValue: 6 }),
        ...[32, 64, 64].flatMap((filters, i) => [
          layers.depthwiseConv2d({
            kernelSize: 3,
            strides: i === 1 ? 2 : 1,
            padding: 'same',
            useBias: false,
          }),
          layers.batchNormalization(),
          layers.relu({ maxValue: 6 }),
          layers.conv2d({ filters, kernelSize: 1, useBias: false }),
          layers.batchNormalization(),
          layers.hardSwish(),
        ]),
        layers.globalAveragePooling2d(),
        layers.dense({ units: 10, activation: 'softmax' }),
      ],
    ],
  ] as const)('%s', ([, list]) => {
    const answers = available.map(({ options }) => {
      const net = sequential({ layers: list() as never, ...options });
      randomiseWeights(net);
      return net.predictSync(randomTensor([3, ...inputShapeOf(net)], 9, 0, 1)).data;
    });
    for (const data of answers) expect(relativeError(data, answers[0] as Float32Array)).toBeLessThan(1e-5);
  });

  test('as layers one by one: folding and fusing change nothing', () => {
    for (const { options, name } of available) {
      const list = digitLayers();
      const whole = sequential({ layers: list, ...options });
      randomiseWeights(whole);
      const weights = whole.getWeights();
      let x = randomTensor([2, 28, 28, 1], 4, 0, 1);
      const given = x;
      for (const layer of list) {
        const { inputShape: _first, ...rest } = { ...layer.options, inputShape: layer.inputShape };
        const make = layers[layer.type as 'relu'] as (options: object) => typeof layer;
        const one = sequential({
          layers: [make({ ...rest, inputShape: x.shape.slice(1) })],
          ...options,
        });
        one.setWeights(weights.splice(0, one.getWeights().length));
        x = one.predictSync(x);
      }
      expect(relativeError(whole.predictSync(given).data, x.data), name).toBeLessThan(1e-5);
    }
  });
});
