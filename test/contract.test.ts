import { describe, expect, test } from 'vitest';
import { nativeMissing } from './support/engines.js';
import { activations, binaries, openBinding, ops, reductions } from './support/internals.js';

describe.skipIf(nativeMissing !== undefined)(
  `the lists of both sides agree${nativeMissing ? ` (${nativeMissing})` : ''}`,
  () => {
    const described = nativeMissing === undefined ? openBinding().describe() : undefined;
    const computed = Object.entries(ops);

    test('ops', () => {
      expect(Object.keys(described?.ops ?? {}).sort()).toEqual(computed.map(([id]) => id).sort());
    });

    test.for(computed)('fields of %s', ([id, op]) => {
      expect(described?.ops[id]).toEqual({ ints: [...op.ints], floats: [...op.floats] });
    });

    test('activations', () => {
      expect(described?.activations).toEqual([...activations]);
    });

    test('kinds of binary and reduce', () => {
      expect(described?.binaries).toEqual([...binaries]);
      expect(described?.reductions).toEqual([...reductions]);
    });

    test('instruction sets: every one compiled in is named, the scalar one always', () => {
      const isas = openBinding().isas();
      expect(isas.find(({ name }) => name === 'scalar')?.supported).toBe(true);
      const names = process.arch === 'arm64' ? ['neon', 'scalar'] : ['avx512', 'avx2', 'scalar'];
      expect(isas.map(({ name }) => name)).toEqual(names);
    });
  },
);

test('every op is its own id, and each name of a field stands once', () => {
  for (const [id, op] of Object.entries(ops)) {
    expect(op.id).toBe(id);
    const fields = [...op.ints, ...op.floats];
    expect(new Set(fields).size).toBe(fields.length);
  }
});
