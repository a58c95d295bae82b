import { test } from 'vitest';
import { expectSame, fileOf, node, numbers, run } from '../support/onnx-graph.js';

/** [a, b] -> [..., m, n] by loops over what NumPy's rules say. */
test.each([
  [
    [2, 3],
    [3, 4],
  ],
  [[3], [3, 4]],
  [[2, 3], [3]],
  [
    [2, 1, 2, 3],
    [4, 3, 2],
  ],
  [
    [2, 3],
    [5, 3, 2],
  ],
  [[3], [5, 3, 2]],
  [
    [4, 2, 3],
    [1, 3, 2],
  ],
  [[2, 4, 2, 3], [3]],
])('MatMul of %j and %j', (a, b) => {
  const [x, w] = [numbers(...a), numbers(...b)];
  const [m, k, n] = [
    a.length > 1 ? (a.at(-2) as number) : 1,
    a.at(-1) as number,
    b.length > 1 ? (b.at(-1) as number) : 1,
  ];
  const outer = [a.slice(0, -2), b.slice(0, -2)] as const;
  const rank = Math.max(outer[0].length, outer[1].length);
  const lengths = Array.from({ length: rank }, (_, i) =>
    Math.max(...outer.map((list) => list[i - rank + list.length] ?? 1)),
  );
  const count = lengths.reduce((all, length) => all * length, 1);
  const matrixAt = (list: readonly number[], index: number): number => {
    let [rest, at, step] = [index, 0, 1];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const [place, length] = [rest % (lengths[axis] as number), list[axis - rank + list.length] ?? 1];
      rest = (rest - place) / (lengths[axis] as number);
      at += length === 1 ? 0 : place * step;
      step *= length;
    }
    return at;
  };
  const wanted: number[] = [];
  for (let index = 0; index < count; index++) {
    const [p, q] = [matrixAt(outer[0], index) * m * k, matrixAt(outer[1], index) * k * n];
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let sum = 0;
        for (let i = 0; i < k; i++) {
          sum += Number(x.data[p + row * k + i]) * Number(w.data[q + i * n + column]);
        }
        wanted.push(sum);
      }
    }
  }
  const shape = [...lengths, ...(a.length > 1 ? [m] : []), ...(b.length > 1 ? [n] : [])];
  const file = fileOf({ nodes: [node('MatMul', ['x', 'w'], ['y'])], weights: { w } });
  expectSame(run(file, 'whole', { x })[0], { shape, data: wanted });
  const both = fileOf({
    nodes: [node('MatMul', ['x', 'w'], ['y'])],
    inputs: { x: 'float32', w: 'float32' },
  });
  expectSame(run(both, 'whole', { x, w })[0], { shape, data: wanted });
});
