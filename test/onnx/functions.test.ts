import { describe, expect, test } from 'vitest';
import { failing, type OnnxFile, readOnnx } from '../support/internals.js';
import { run } from '../support/onnx-graph.js';
import { known } from '../support/onnx-node.js';
import { bytes, int, join, model, node, nodeFields, port, raw, tensorFields } from '../support/protobuf.js';

const read = (file: Uint8Array): OnnxFile => readOnnx(file, failing('loadOnnx', 'test.onnx'));

interface Parts {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly Uint8Array[];
  readonly more?: readonly Uint8Array[];
}

/** A FunctionProto of the domain `own` as a field of the model. */
const definition = (name: string, { inputs, outputs, nodes, more = [opsetOf(13)] }: Parts): Uint8Array =>
  bytes(
    25,
    bytes(1, name),
    ...inputs.map((input) => bytes(4, input)),
    ...outputs.map((output) => bytes(5, output)),
    ...nodes.map((fields) => bytes(7, fields)),
    ...more,
    bytes(10, 'own'),
  );

const opsetOf = (version: number): Uint8Array => bytes(9, bytes(1, ''), int(2, version));
const call = (name: string, inputs: string[], outputs: string[], ...more: Uint8Array[]): Uint8Array =>
  nodeFields(name, inputs, outputs, bytes(7, 'own'), ...more);
const io = [port(11, 'x'), port(12, 'y')];

/** A model of calls, and the functions it defines. */
const calling = (nodes: readonly Uint8Array[], ...functions: readonly Uint8Array[]): Uint8Array =>
  join(model(...nodes.map((fields) => bytes(1, fields)), ...io), ...functions);

const steps = (file: OnnxFile): string[] =>
  file.nodes.map(({ op, inputs, outputs }) => `${op}(${inputs.join()}) ${outputs.join()}`);

const answer = (file: OnnxFile): readonly number[] | undefined =>
  run(file, 'whole', { x: known('float32', [1, 2], [-2, 3]) })[0]?.data;

/** square(a) = a a, by a value of its own */
const square = definition('square', {
  inputs: ['a'],
  outputs: ['r'],
  nodes: [nodeFields('Identity', ['a'], ['x']), nodeFields('Mul', ['x', 'a'], ['r'])],
});

describe('functions of a file stand in the place of their calls', () => {
  test('each call with values of its own', () => {
    const file = read(calling([call('square', ['x'], ['t']), call('square', ['t'], ['y'])], square));
    expect(steps(file)).toEqual([
      'Identity(x) own.square/x',
      'Mul(own.square/x,x) t',
      'Identity(t) own.square/x_1',
      'Mul(own.square/x_1,t) y',
    ]);
    expect(answer(file)).toEqual([16, 81]);
  });

  test('functions call functions, before or after these are defined', () => {
    const fourth = definition('fourth', {
      inputs: ['a'],
      outputs: ['b'],
      nodes: [
        call('square', ['a'], ['t'], bytes(3, 'first')),
        call('square', ['t'], ['b'], bytes(3, 'second')),
      ],
      more: [bytes(9, bytes(1, 'own'), int(2, 1))],
    });
    const file = read(calling([call('fourth', ['x'], ['y'], bytes(3, 'f'))], fourth, square));
    expect(steps(file)[0]).toBe('Identity(x) f/first/x');
    expect(answer(file)).toEqual([16, 81]);
  });

  test('attributes come from the call, else from the definition, else they are left out', () => {
    const alpha = (reference: string): Uint8Array =>
      bytes(5, bytes(1, 'alpha'), bytes(21, reference), int(20, 1));
    const value = (name: string, number: number): Uint8Array =>
      join(bytes(1, name), Uint8Array.of(0x15), new Uint8Array(Float32Array.of(number).buffer), int(20, 1));
    const leaky = definition('leaky', {
      inputs: ['a'],
      outputs: ['b', 'c', 'd'],
      nodes: [
        nodeFields('LeakyRelu', ['a'], ['b'], alpha('given')),
        nodeFields('LeakyRelu', ['a'], ['c'], alpha('preset')),
        nodeFields('LeakyRelu', ['a'], ['d'], alpha('absent')),
      ],
      more: [bytes(6, 'given'), bytes(6, 'absent'), bytes(11, value('preset', 0.25)), opsetOf(13)],
    });
    const file = read(calling([call('leaky', ['x'], ['y', 'c', 'd'], bytes(5, value('given', 0.5)))], leaky));
    expect(file.nodes.map(({ attributes }) => attributes.get('alpha')?.value)).toEqual([
      0.5,
      0.25,
      undefined,
    ]);
  });

  test('an absent input is absent inside, an input may be the result', () => {
    const bounded = definition('bounded', {
      inputs: ['a', 'low', 'high'],
      outputs: ['b', 'a'],
      nodes: [nodeFields('Clip', ['a', 'low', 'high'], ['b'])],
    });
    const file = read(
      calling([call('bounded', ['x', ''], ['t', 'u']), nodeFields('Add', ['t', 'u'], ['y'])], bounded),
    );
    expect(steps(file)).toEqual(['Clip(x,,) t', 'Identity(x) u', 'Add(t,u) y']);
    expect(answer(file)).toEqual([-4, 6]);
  });

  test('an overload is part of the name', () => {
    const twice = definition('square', {
      inputs: ['a'],
      outputs: ['b'],
      nodes: [nodeFields('Add', ['a', 'a'], ['b'])],
      more: [opsetOf(13), bytes(13, 'double')],
    });
    const file = read(calling([call('square', ['x'], ['y'], bytes(8, 'double'))], square, twice));
    expect(steps(file)).toEqual(['Add(x,x) y']);
  });

  test.each([
    [
      'a function that calls itself',
      [call('f', ['x'], ['y'])],
      definition('f', { inputs: ['a'], outputs: ['b'], nodes: [call('f', ['a'], ['b'])] }),
      /functions and branches 64 deep at most/,
    ],
    [
      'other operators than those of the model',
      [call('f', ['x'], ['y'])],
      definition('f', {
        inputs: ['a'],
        outputs: ['b'],
        nodes: [nodeFields('Relu', ['a'], ['b'])],
        more: [opsetOf(12)],
      }),
      /node 0 \(own.f ""\): expected a function of opset 13 as the model, got 12/,
    ],
    ['too many inputs', [call('square', ['x', 'x'], ['y'])], square, /at most 1 inputs and 1 outputs/],
    [
      'a value of the graph around it',
      [call('f', ['x'], ['y'])],
      definition('f', { inputs: [], outputs: ['b'], nodes: [nodeFields('Relu', ['x'], ['b'])] }),
      /at most 0 inputs/,
    ],
    [
      'a value that is not its own',
      [call('f', [], ['y'])],
      definition('f', { inputs: [], outputs: ['b'], nodes: [nodeFields('Relu', ['x'], ['b'])] }),
      /expected input "own.f\/x" to be an initializer/,
    ],
  ] as const)('refused: %s', (_, nodes, defined, error) => {
    expect(() => read(calling(nodes, defined))).toThrow(error);
  });

  test('functions that double each other are no bomb', () => {
    const functions = Array.from({ length: 40 }, (_, i) =>
      definition(`f${i}`, {
        inputs: ['a'],
        outputs: ['b'],
        nodes: [call(`f${i + 1}`, ['a'], ['t']), call(`f${i + 1}`, ['t'], ['b'])],
      }),
    );
    const last = definition('f40', { inputs: ['a'], outputs: ['b'], nodes: [] });
    expect(() => read(calling([call('f0', ['x'], ['y'])], ...functions, last))).toThrow(
      /bytes of memory at most/,
    );
  });
});

/** A graph attribute. */
const branch = (name: string, ...fields: readonly Uint8Array[]): Uint8Array =>
  bytes(5, bytes(1, name), bytes(6, ...fields), int(20, 5));
const truth = (name: string, value: number): Uint8Array =>
  join(int(2, 9), bytes(8, name), bytes(9, Uint8Array.of(value)));
const choice = (condition: string): Uint8Array =>
  nodeFields(
    'If',
    [condition],
    ['y'],
    branch('then_branch', node('Neg', ['t'], ['r']), port(12, 'r')),
    branch(
      'else_branch',
      bytes(5, tensorFields('w', [2], bytes(9, raw(1, 2)))),
      node('Relu', ['t'], ['r']),
      node('Add', ['r', 'w'], ['s']),
      port(12, 's'),
    ),
  );

describe('an If with a constant condition is the branch that it takes', () => {
  const choosing = (value: number): Uint8Array =>
    model(node('Abs', ['x'], ['t']), bytes(1, choice('which')), bytes(5, truth('which', value)), ...io);

  test('either one, with its own weights and the values around it', () => {
    expect(steps(read(choosing(1)))).toEqual(['Abs(x) t', 'Neg(t) y']);
    const other = read(choosing(0));
    expect(steps(other)).toEqual(['Abs(x) t', 'Relu(t) If/r', 'Add(If/r,If/w) y']);
    expect([...other.initializers.keys()]).toEqual(['which', 'If/w']);
    expect(answer(other)).toEqual([3, 5]);
  });

  test('the condition may be a Constant, or the same under another name', () => {
    const file = read(
      model(
        node('Constant', [], ['c'], bytes(5, bytes(1, 'value'), bytes(5, truth('', 1)), int(20, 4))),
        node('Identity', ['c'], ['d']),
        node('Abs', ['x'], ['t']),
        bytes(1, choice('d')),
        ...io,
      ),
    );
    expect(steps(file).at(-1)).toBe('Neg(t) y');
  });

  test('any other condition leaves it as it is', () => {
    const file = read(
      model(node('Abs', ['x'], ['t']), node('Less', ['x', 't'], ['c']), bytes(1, choice('c')), ...io),
    );
    expect(file.nodes.at(-1)?.op).toBe('If');
    expect(file.nodes.at(-1)?.attributes.get('then_branch')).toEqual({ kind: 'other', value: 'graph' });
  });

  test('refused: another number of results', () => {
    const wrong = nodeFields('If', ['which'], ['y'], branch('then_branch'), branch('else_branch'));
    expect(() => read(model(bytes(1, wrong), bytes(5, truth('which', 1)), ...io))).toThrow(
      /expected a branch without inputs and with 1 outputs/,
    );
  });
});
