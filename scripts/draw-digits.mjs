// Draws examples/digits/*.png: digits as a hand writes them, from strokes defined here. No fonts, no copies of a
// data set. Every picture follows from its seed, so a second run writes the same pixels.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

/**
 * One digit is a list of strokes, a stroke a list of points [x, y] that the pen passes, in a box that is about
 * 0.6 wide and 1 high, y downwards. A smooth curve joins the points; a doubled point is a corner.
 */
const glyphs = {
  0: [
    [
      [0.36, 0.03],
      [0.12, 0.16],
      [0.03, 0.5],
      [0.13, 0.86],
      [0.33, 0.98],
      [0.54, 0.82],
      [0.6, 0.46],
      [0.5, 0.13],
      [0.32, 0.02],
    ],
  ],
  1: [
    [
      [0.16, 0.22],
      [0.3, 0.12],
      [0.4, 0.0],
      [0.4, 0.0],
      [0.37, 0.5],
      [0.36, 1.0],
    ],
  ],
  2: [
    [
      [0.06, 0.24],
      [0.16, 0.06],
      [0.36, 0.01],
      [0.52, 0.14],
      [0.5, 0.36],
      [0.3, 0.65],
      [0.04, 0.95],
      [0.04, 0.95],
      [0.32, 0.93],
      [0.62, 0.95],
    ],
  ],
  3: [
    [
      [0.08, 0.12],
      [0.26, 0.01],
      [0.48, 0.1],
      [0.48, 0.32],
      [0.22, 0.46],
      [0.22, 0.46],
      [0.5, 0.56],
      [0.56, 0.78],
      [0.36, 0.98],
      [0.06, 0.9],
    ],
  ],
  4: [
    [
      [0.16, 0.0],
      [0.1, 0.3],
      [0.05, 0.54],
      [0.05, 0.54],
      [0.34, 0.53],
      [0.6, 0.51],
    ],
    [
      [0.48, 0.08],
      [0.46, 0.5],
      [0.44, 1.0],
    ],
  ],
  5: [
    [
      [0.16, 0.02],
      [0.13, 0.25],
      [0.1, 0.44],
      [0.1, 0.44],
      [0.34, 0.38],
      [0.54, 0.54],
      [0.52, 0.82],
      [0.3, 0.98],
      [0.04, 0.9],
    ],
    [
      [0.16, 0.03],
      [0.36, 0.03],
      [0.58, 0.0],
    ],
  ],
  6: [
    [
      [0.46, 0.0],
      [0.24, 0.2],
      [0.08, 0.52],
      [0.08, 0.84],
      [0.28, 0.99],
      [0.5, 0.88],
      [0.52, 0.66],
      [0.34, 0.54],
      [0.1, 0.72],
    ],
  ],
  7: [
    [
      [0.04, 0.06],
      [0.3, 0.07],
      [0.6, 0.03],
      [0.6, 0.03],
      [0.46, 0.4],
      [0.34, 0.7],
      [0.26, 1.0],
    ],
  ],
  8: [
    [
      [0.52, 0.14],
      [0.32, 0.01],
      [0.12, 0.14],
      [0.2, 0.36],
      [0.44, 0.56],
      [0.54, 0.8],
      [0.34, 0.98],
      [0.1, 0.84],
      [0.2, 0.58],
      [0.46, 0.34],
      [0.53, 0.15],
    ],
  ],
  9: [
    [
      [0.54, 0.2],
      [0.34, 0.02],
      [0.1, 0.16],
      [0.1, 0.38],
      [0.3, 0.46],
      [0.5, 0.3],
      [0.55, 0.14],
      [0.52, 0.5],
      [0.46, 1.0],
    ],
  ],
};

/** `size` [width, height] and `pen` (diameter) in pixels; `at` the digit's middle; `height` and `at` relative to the size. */
const pictures = [
  { file: '0.png', digit: 0, size: [96, 96], height: 0.66, pen: 6, slant: 0.12 },
  { file: '1.png', digit: 1, size: [64, 80], height: 0.62, pen: 5, slant: 0.16, at: [0.44, 0.54] },
  { file: '2.png', digit: 2, size: [120, 120], height: 0.6, pen: 9, slant: 0.1 },
  { file: '3.png', digit: 3, size: [100, 140], height: 0.52, pen: 8, at: [0.56, 0.42] },
  { file: '4.png', digit: 4, size: [128, 128], height: 0.6, pen: 8, slant: 0.14, ink: [24, 40, 120] },
  { file: '5.png', digit: 5, size: [110, 96], height: 0.68, pen: 6, slant: 0.1 },
  { file: '6.png', digit: 6, size: [160, 160], height: 0.5, pen: 11, slant: 0.06, at: [0.42, 0.55] },
  { file: '7.png', digit: 7, size: [90, 120], height: 0.55, pen: 7, slant: 0.08, paper: [244, 236, 214] },
  { file: '8.png', digit: 8, size: [200, 200], height: 0.62, pen: 15, slant: 0.16 },
  { file: '9.png', digit: 9, size: [84, 100], height: 0.6, pen: 6, slant: 0.05 },
  {
    file: '3-chalk.png',
    digit: 3,
    size: [180, 180],
    height: 0.58,
    pen: 13,
    slant: 0.14,
    paper: [38, 58, 50],
    ink: [236, 238, 230],
  },
  {
    file: '7-transparent.png',
    digit: 7,
    size: [150, 130],
    height: 0.66,
    pen: 9,
    slant: 0.16,
    paper: null,
    ink: [110, 30, 30],
  },
];

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A Catmull-Rom curve through the points, as many short pieces. */
function smooth(points, pieces = 16) {
  const curve = [];
  for (let i = 0; i + 1 < points.length; i++) {
    const [p0, p1, p2, p3] = [
      points[Math.max(i - 1, 0)],
      points[i],
      points[i + 1],
      points[Math.min(i + 2, points.length - 1)],
    ];
    for (let s = 0; s < pieces; s++) {
      const t = s / pieces;
      curve.push(
        [0, 1].map(
          (axis) =>
            0.5 *
            (2 * p1[axis] +
              (p2[axis] - p0[axis]) * t +
              (2 * p0[axis] - 5 * p1[axis] + 4 * p2[axis] - p3[axis]) * t ** 2 +
              (3 * p1[axis] - p0[axis] - 3 * p2[axis] + p3[axis]) * t ** 3),
        ),
      );
    }
  }
  curve.push(points.at(-1));
  return curve;
}

/** The strokes of a digit in pixels, as curves of [x, y, radius]: points moved a little, slanted, the pen's pressure varying. */
function write(
  { digit, size: [width, height], height: share, pen, slant = 0, at: [atX, atY] = [0.5, 0.5] },
  next,
) {
  const scale = share * height;
  const jitter = () => (next() - 0.5) * 0.035;
  const phase = next() * 7;
  return glyphs[digit].map((stroke) => {
    const moved = [];
    for (const [i, [x, y]] of stroke.entries()) {
      const corner = i > 0 && stroke[i - 1][0] === x && stroke[i - 1][1] === y;
      moved.push(corner ? moved[i - 1] : [x + jitter(), y + jitter()]);
    }
    return smooth(moved).map(([x, y], i) => {
      const pressure = 1 + 0.14 * Math.sin(i * 0.09 + phase) + 0.04 * (next() - 0.5);
      return [
        atX * width + (x - 0.3 + slant * (0.5 - y)) * scale,
        atY * height + (y - 0.5) * scale,
        (pen / 2) * pressure,
      ];
    });
  });
}

/** How much of each pixel the pen covers, 0..1: the distance to the nearest piece of curve, with a soft edge one pixel wide. */
function rasterise(strokes, width, height) {
  const cover = new Float64Array(width * height);
  for (const curve of strokes) {
    for (let i = 0; i + 1 < curve.length; i++) {
      const [ax, ay, ar] = curve[i];
      const [bx, by, br] = curve[i + 1];
      const reach = Math.max(ar, br) + 1;
      const [dx, dy] = [bx - ax, by - ay];
      const length = dx * dx + dy * dy || 1;
      for (
        let y = Math.max(0, Math.floor(Math.min(ay, by) - reach));
        y < Math.min(height, Math.max(ay, by) + reach);
        y++
      ) {
        for (
          let x = Math.max(0, Math.floor(Math.min(ax, bx) - reach));
          x < Math.min(width, Math.max(ax, bx) + reach);
          x++
        ) {
          const [px, py] = [x + 0.5 - ax, y + 0.5 - ay];
          const t = Math.min(1, Math.max(0, (px * dx + py * dy) / length));
          const distance = Math.hypot(px - t * dx, py - t * dy) - (ar + t * (br - ar));
          cover[y * width + x] = Math.max(cover[y * width + x], Math.min(1, Math.max(0, 0.5 - distance)));
        }
      }
    }
  }
  return cover;
}

/** The picture as raw RGB, or RGBA where it has no paper. */
function paint(cover, { paper = [252, 252, 250], ink = [30, 30, 36] }, next) {
  const channels = paper === null ? 4 : 3;
  const pixels = new Uint8Array(cover.length * channels);
  for (let i = 0; i < cover.length; i++) {
    if (paper === null) {
      pixels.set([...ink, Math.round(cover[i] * 255)], i * 4);
      continue;
    }
    const grain = (next() - 0.5) * 6;
    for (let c = 0; c < 3; c++) {
      const value = paper[c] + (ink[c] - paper[c]) * cover[i] + grain;
      pixels[i * 3 + c] = Math.min(255, Math.max(0, Math.round(value)));
    }
  }
  return { pixels, channels };
}

const folder = fileURLToPath(new URL(process.argv[2] ?? '../examples/digits/', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const [seed, picture] of pictures.entries()) {
  const next = random(seed + 1);
  const [width, height] = picture.size;
  const { pixels, channels } = paint(rasterise(write(picture, next), width, height), picture, next);
  await sharp(pixels, { raw: { width, height, channels } })
    .png({ compressionLevel: 9 })
    .toFile(`${folder}${picture.file}`);
}
console.log(`${pictures.length} pictures in ${folder}`);
