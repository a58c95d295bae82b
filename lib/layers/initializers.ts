/** How a weight starts; the names are those of Keras and tfjs. */
export const initializers = [
  'zeros',
  'ones',
  'glorotUniform',
  'glorotNormal',
  'heUniform',
  'heNormal',
  'leCunUniform',
  'leCunNormal',
] as const;

export type Initializer = (typeof initializers)[number];

/**
 * `size` numbers of the given distribution, the same for the same seed and name, whatever was drawn before.
 * The variance is 2 / (fanIn + fanOut) (Glorot and Bengio 2010), 2 / fanIn (He et al. 2015) or 1 / fanIn
 * (LeCun et al. 1998); 'Uniform' spans +-sqrt(3 variance), 'Normal' is not truncated.
 */
export function initialNumbers(
  initializer: Initializer,
  size: number,
  { fanIn, fanOut, seed, name }: { fanIn: number; fanOut: number; seed: number; name: string },
): Float32Array {
  const numbers = new Float32Array(size);
  if (initializer === 'zeros') return numbers;
  if (initializer === 'ones') return numbers.fill(1);
  const random = generator(`${seed}/${name}`);
  const deviation = Math.sqrt(variance(initializer, fanIn, fanOut));
  if (initializer.endsWith('Uniform')) {
    const limit = Math.sqrt(3) * deviation;
    for (let i = 0; i < size; i++) numbers[i] = (2 * random() - 1) * limit;
    return numbers;
  }
  // Box and Muller 1958: two uniform numbers make two normal ones.
  for (let i = 0; i < size; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    numbers[i] = radius * Math.cos(angle);
    if (i + 1 < size) numbers[i + 1] = radius * Math.sin(angle);
  }
  return numbers;
}

function variance(initializer: Initializer, fanIn: number, fanOut: number): number {
  if (initializer.startsWith('glorot')) return 2 / (fanIn + fanOut);
  return (initializer.startsWith('he') ? 2 : 1) / fanIn;
}

/** Uniform numbers in [0, 1) of 32 bits: sfc32 (PractRand, C. Doty-Humphrey), seeded by FNV-1a of a text. */
function generator(text: string): () => number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  let a = hash | 0;
  let b = Math.imul(hash, 0x9e3779b1) | 0;
  let c = Math.imul(hash, 0x85ebca6b) | 0;
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // The first outputs still resemble the seed.
  for (let i = 0; i < 16; i++) next();
  return next;
}
