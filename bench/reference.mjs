// A network in float64 by the plain formulas of its ONNX file, one node after the other: what the engines are measured
// against. Values are { shape, data: Float64Array }, images [n, c, h, w]. Shares no code with the engines.

const product = (shape) => shape.reduce((a, b) => a * b, 1);
const zeros = (shape) => ({ shape, data: new Float64Array(product(shape)) });
/** Numbers from one element of an axis to the next. */
const stridesOf = (shape) => shape.map((_, axis) => product(shape.slice(axis + 1)));

/** Output pixels whose windows are copied together. */
const blockPixels = 96;

/**
 * y[i * apart + j] = bias[i] + rows[i] . columns[j], each over k numbers: two rows and three columns at a time, whose sums
 * V8 keeps in registers. Columns have room for three more.
 */
function dots({ rows, first, count, columns, width, k, bias, y, at, apart }) {
  for (let i = 0; i < count; i += 2) {
    const both = i + 1 < count;
    const a = (first + i) * k;
    const b = both ? a + k : a;
    const begin = bias ? bias[first + i] : 0;
    const beside = bias && both ? bias[first + i + 1] : 0;
    for (let j = 0; j < width; j += 3) {
      const u = j * k;
      const v = u + k;
      const w = v + k;
      let [au, av, aw, bu, bv, bw] = [begin, begin, begin, beside, beside, beside];
      for (let l = 0; l < k; l++) {
        const p = rows[a + l];
        const q = rows[b + l];
        const x = columns[u + l];
        const y1 = columns[v + l];
        const z = columns[w + l];
        au += p * x;
        av += p * y1;
        aw += p * z;
        bu += q * x;
        bv += q * y1;
        bw += q * z;
      }
      const to = at + i * apart + j;
      const more = width - j;
      y[to] = au;
      if (more > 1) y[to + 1] = av;
      if (more > 2) y[to + 2] = aw;
      if (!both) continue;
      y[to + apart] = bu;
      if (more > 1) y[to + apart + 1] = bv;
      if (more > 2) y[to + apart + 2] = bw;
    }
  }
}

const cells = (size, kernel, stride, dilation, around) =>
  Math.floor((size + around - (kernel - 1) * dilation - 1) / stride) + 1;

/** Sizes of a sliding window and of its output. */
function windowOf(
  { shape: [, , h, w] },
  { kernel_shape, strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1] },
) {
  const [kh, kw] = kernel_shape;
  const [top, left, bottom, right] = pads;
  const oh = cells(h, kh, strides[0], dilations[0], top + bottom);
  const ow = cells(w, kw, strides[1], dilations[1], left + right);
  return {
    h,
    w,
    kh,
    kw,
    oh,
    ow,
    sh: strides[0],
    sw: strides[1],
    dh: dilations[0],
    dw: dilations[1],
    top,
    left,
    pads,
  };
}

function conv([x, kernel, bias], attributes) {
  const g = windowOf(x, { ...attributes, kernel_shape: kernel.shape.slice(2) });
  const [n, c] = x.shape;
  const groups = attributes.group ?? 1;
  const [oc, inner] = kernel.shape;
  const [pixels, image, k] = [g.oh * g.ow, g.h * g.w, inner * g.kh * g.kw];
  const y = zeros([n, oc, g.oh, g.ow]);
  const columns = new Float64Array((blockPixels + 3) * k);
  for (let group = 0; group < n * groups; group++) {
    const from = (Math.floor(group / groups) * c + (group % groups) * inner) * image;
    for (let begin = 0; begin < pixels; begin += blockPixels) {
      const width = Math.min(blockPixels, pixels - begin);
      let to = 0;
      for (let pixel = begin; pixel < begin + width; pixel++) {
        const top = Math.floor(pixel / g.ow) * g.sh - g.top;
        const left = (pixel % g.ow) * g.sw - g.left;
        for (let channel = 0; channel < inner; channel++) {
          for (let ky = 0; ky < g.kh; ky++) {
            const iy = top + ky * g.dh;
            const row = from + channel * image + iy * g.w;
            for (let kx = 0; kx < g.kw; kx++) {
              const ix = left + kx * g.dw;
              const inside = iy >= 0 && iy < g.h && ix >= 0 && ix < g.w;
              columns[to++] = inside ? x.data[row + ix] : 0;
            }
          }
        }
      }
      const count = oc / groups;
      dots({
        rows: kernel.data,
        first: (group % groups) * count,
        count,
        columns,
        width,
        k,
        bias: bias?.data,
        y: y.data,
        at: group * count * pixels + begin,
        apart: pixels,
      });
    }
  }
  return y;
}

/** The pooling of one window at a time: `pool` gets its numbers and how many cells lie in the padding. */
function pooling(x, attributes, pool) {
  const g = windowOf(x, attributes);
  const [n, c] = x.shape;
  const y = zeros([n, c, g.oh, g.ow]);
  let to = 0;
  for (let map = 0; map < n * c; map++) {
    for (let oy = 0; oy < g.oh; oy++) {
      for (let ox = 0; ox < g.ow; ox++) {
        const found = [];
        for (let ky = 0; ky < g.kh; ky++) {
          const iy = oy * g.sh - g.top + ky * g.dh;
          if (iy < 0 || iy >= g.h) continue;
          for (let kx = 0; kx < g.kw; kx++) {
            const ix = ox * g.sw - g.left + kx * g.dw;
            if (ix >= 0 && ix < g.w) found.push(x.data[(map * g.h + iy) * g.w + ix]);
          }
        }
        y.data[to++] = pool(found, g.kh * g.kw);
      }
    }
  }
  return y;
}

const sum = (list) => list.reduce((a, b) => a + b, 0);

function globalAverage([x]) {
  const [n, c, h, w] = x.shape;
  const y = zeros([n, c, 1, 1]);
  for (let i = 0; i < n * c; i++) y.data[i] = sum(x.data.subarray(i * h * w, (i + 1) * h * w)) / (h * w);
  return y;
}

/** Element by element, with the lengths of 1 that ONNX repeats. */
function elementwise([a, b], call) {
  const rank = Math.max(a.shape.length, b.shape.length);
  const [as, bs] = [a, b].map(({ shape }) => [...Array(rank - shape.length).fill(1), ...shape]);
  const y = zeros(as.map((length, axis) => Math.max(length, bs[axis])));
  const steps = [as, bs].map((shape) => stridesOf(shape).map((step, axis) => (shape[axis] === 1 ? 0 : step)));
  const place = Array(rank).fill(0);
  let [i, j] = [0, 0];
  for (let to = 0; to < y.data.length; to++) {
    y.data[to] = call(a.data[i], b.data[j]);
    for (let axis = rank - 1; axis >= 0; axis--) {
      i += steps[0][axis];
      j += steps[1][axis];
      if (++place[axis] < y.shape[axis]) break;
      i -= steps[0][axis] * y.shape[axis];
      j -= steps[1][axis] * y.shape[axis];
      place[axis] = 0;
    }
  }
  return y;
}

/** The elements of a box, along axes in the order of `axes`: y[i0, i1, ...] = x[begin + i], axis m of y being axes[m] of x. */
function box(x, axes, begin, shape) {
  const steps = stridesOf(x.shape);
  const y = zeros(shape);
  let from = sum(begin.map((first, axis) => first * steps[axis]));
  const place = Array(shape.length).fill(0);
  for (let to = 0; to < y.data.length; to++) {
    y.data[to] = x.data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axes[axis]];
      if (++place[axis] < shape[axis]) break;
      from -= steps[axes[axis]] * shape[axis];
      place[axis] = 0;
    }
  }
  return y;
}

function slice([x, starts, ends, axes]) {
  const begin = x.shape.map(() => 0);
  const shape = [...x.shape];
  axes.data.forEach((axis, i) => {
    begin[axis] = starts.data[i];
    shape[axis] = ends.data[i] - starts.data[i];
  });
  return box(
    x,
    x.shape.map((_, axis) => axis),
    begin,
    shape,
  );
}

function concat(list, { axis }) {
  const y = zeros(list[0].shape.with(axis, sum(list.map(({ shape }) => shape[axis]))));
  const row = product(y.shape.slice(axis));
  let at = 0;
  for (const { shape, data } of list) {
    const part = product(shape.slice(axis));
    for (let i = 0; i < data.length / part; i++)
      y.data.set(data.subarray(i * part, (i + 1) * part), at + i * row);
    at += part;
  }
  return y;
}

function reshape([x, lengths]) {
  const shape = Array.from(lengths.data, (length, axis) => (length === 0 ? x.shape[axis] : length));
  return { shape, data: x.data };
}

/** [n, k] x [k, m] + [m], the weights as they lie. */
function gemm([x, kernel, bias]) {
  const [n, k] = x.shape;
  const m = kernel.shape[1];
  const y = zeros([n, m]);
  for (let i = 0; i < n; i++) {
    const row = y.data.subarray(i * m, (i + 1) * m);
    if (bias) row.set(bias.data);
    for (let l = 0; l < k; l++) {
      const factor = x.data[i * k + l];
      for (let j = 0; j < m; j++) row[j] += factor * kernel.data[l * m + j];
    }
  }
  return y;
}

function batchNormalization([x, gamma, beta, mean, variance], { epsilon = 1e-5 }) {
  const map = product(x.shape.slice(2));
  const data = x.data.map((value, i) => {
    const c = Math.floor(i / map) % x.shape[1];
    return ((value - mean.data[c]) / Math.sqrt(variance.data[c] + epsilon)) * gamma.data[c] + beta.data[c];
  });
  return { shape: x.shape, data };
}

function softmax([x]) {
  const [n, c] = x.shape;
  const y = zeros(x.shape);
  for (let i = 0; i < n; i++) {
    const row = x.data.subarray(i * c, (i + 1) * c);
    const most = row.reduce((a, b) => Math.max(a, b));
    const powers = row.map((value) => Math.exp(value - most));
    const all = sum(powers);
    y.data.set(
      powers.map((power) => power / all),
      i * c,
    );
  }
  return y;
}

const each =
  (call) =>
  ([x], attributes) => ({ shape: x.shape, data: x.data.map((v) => call(v, attributes)) });
const unit = (value) => Math.min(Math.max(value, 0), 1);

const operators = {
  Conv: conv,
  Gemm: gemm,
  BatchNormalization: batchNormalization,
  MaxPool: ([x], attributes) => pooling(x, attributes, (list) => Math.max(...list)),
  AveragePool: ([x], attributes) =>
    pooling(x, attributes, (list, all) => sum(list) / (attributes.count_include_pad ? all : list.length)),
  GlobalAveragePool: globalAverage,
  Softmax: softmax,
  Concat: concat,
  Slice: slice,
  Reshape: reshape,
  Flatten: ([x]) => ({ shape: [x.shape[0], product(x.shape.slice(1))], data: x.data }),
  Transpose: ([x], { perm }) =>
    box(
      x,
      perm,
      x.shape.map(() => 0),
      perm.map((axis) => x.shape[axis]),
    ),
  Add: (list) => elementwise(list, (a, b) => a + b),
  Mul: (list) => elementwise(list, (a, b) => a * b),
  Relu: each((v) => Math.max(v, 0)),
  Tanh: each(Math.tanh),
  Sigmoid: each((v) => 1 / (1 + Math.exp(-v))),
  HardSigmoid: each((v, { alpha = 0.2, beta = 0.5 }) => unit(alpha * v + beta)),
  HardSwish: each((v) => v * unit(v / 6 + 0.5)),
  Clip: ([x, low, high]) => ({
    shape: x.shape,
    data: x.data.map((v) => Math.min(Math.max(v, low.data[0]), high.data[0])),
  }),
};

/** What the network of `readGraph` gives for `data` of the shape `shape`. */
export function reference({ nodes, weights, input, output }, shape, data) {
  const values = new Map(weights);
  values.set(input, { shape, data: Float64Array.from(data) });
  for (const { op, inputs, outputs, attributes } of nodes) {
    const operator = operators[op];
    if (!operator) throw new Error(`reference: no operator ${op}`);
    values.set(
      outputs[0],
      operator(
        inputs.map((name) => values.get(name)),
        attributes,
      ),
    );
  }
  return values.get(output).data;
}
