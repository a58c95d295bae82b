import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failing, ModelFileError, readOnnx, readTensor, writeOnnx } from '../support/internals.js';
import { conformanceMissing, conformanceFolder as folder } from '../support/onnx-cases.js';

const filesOf = (ending: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(ending));

describe.skipIf(conformanceMissing !== undefined)(
  `1,072 files of the ONNX project ${conformanceMissing ?? ''}`,
  () => {
    test('are read, or have no operators of ONNX itself; what is read can be written', () => {
      const refused: string[] = [];
      const unwritten: string[] = [];
      for (const path of filesOf('.onnx')) {
        try {
          const file = readOnnx(readFileSync(join(folder, path)), failing('loadOnnx', path));
          try {
            const again = readOnnx(writeOnnx(file), failing('loadOnnx', path));
            expect(again).toEqual({ ...file, irVersion: again.irVersion });
          } catch (error) {
            if (!(error instanceof ModelFileError)) throw error;
            expect(error.message).toMatch(/\(graph\) cannot be written$/);
            unwritten.push(path);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ModelFileError);
          expect((error as Error).message).toMatch(/expected an opset of ONNX's own operators, got none$/);
          refused.push(path);
        }
      }
      // Optimizers, in a domain of their own.
      expect(refused).toHaveLength(7);
      expect(unwritten.length).toBeLessThan(30);
    });

    test('their tensors are read; sequences of tensors are refused', () => {
      const refused = filesOf('.pb').filter((path) => {
        try {
          const { shape, data } = readTensor(readFileSync(join(folder, path)), failing('readTensor', path));
          const size = shape.reduce((product, length) => product * length, 1);
          expect(data?.length ?? size, path).toBe(size);
          return false;
        } catch (error) {
          expect(error).toBeInstanceOf(ModelFileError);
          return true;
        }
      });
      expect(refused.filter((path) => !/seq|optional/.test(path))).toEqual([]);
    });
  },
);
