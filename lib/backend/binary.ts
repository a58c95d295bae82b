import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Headers lie at the start of a binary; this many bytes hold all that are read here. */
const headLength = 64 * 1024;

/** Machine numbers of the three formats, by `process.arch`. An architecture that is not listed is not checked. */
const elfMachines: Record<string, number> = { x64: 62, arm64: 183, riscv64: 243, loong64: 258, ppc64: 21 };
const machMachines: Record<string, number> = { x64: 0x01000007, arm64: 0x0100000c };
const peMachines: Record<string, number> = { x64: 0x8664, arm64: 0xaa64 };

/**
 * What is wrong with a shared library, or undefined: whether the file is as long as its own headers say, and made for
 * this processor. The loader of the operating system maps a truncated file without a word, and the first touch of a
 * missing page kills the process.
 */
export function faultOfBinary(path: string, arch: string = process.arch): string | undefined {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const read = (offset: number): DataView => {
      const bytes = Buffer.alloc(Math.max(0, Math.min(headLength, size - offset)));
      return new DataView(bytes.buffer, bytes.byteOffset, readSync(file, bytes, 0, bytes.length, offset));
    };
    const head = read(0);
    if (size < 64) return `it has only ${size} bytes`;
    const magic = head.getUint32(0);
    if (magic === 0x7f454c46) return faultOfElf(head, size, arch);
    if (magic === 0xcffaedfe) return faultOfMach(head, size, arch);
    if (magic === 0xcafebabe) return faultOfFat(head, size, arch, read);
    if (magic >>> 16 === 0x4d5a) return faultOfPe(head, size, arch);
    return 'it is no ELF, Mach-O or PE file';
  } catch (error) {
    // Reading outside the head: the offsets of the header are nonsense, or the file ends inside it.
    if (error instanceof RangeError) return 'its headers are damaged';
    throw error;
  } finally {
    closeSync(file);
  }
}

function truncated(size: number, needed: number): string | undefined {
  return needed > size ? `it is truncated: ${size} bytes of at least ${needed}` : undefined;
}

function foreign(machine: number, machines: Record<string, number>, arch: string): string | undefined {
  const own = Object.hasOwn(machines, arch) ? machines[arch] : machine;
  return machine === own
    ? undefined
    : `it is made for another processor (machine ${machine}), not for ${arch}`;
}

/** ELF-64, little-endian: System V ABI, "ELF Header" and "Program Header". */
function faultOfElf(head: DataView, size: number, arch: string): string | undefined {
  const [class64, littleEndian, sharedObject] = [2, 1, 3];
  if (head.getUint8(4) !== class64 || head.getUint8(5) !== littleEndian)
    return 'it is no 64-bit little-endian file';
  if (head.getUint16(16, true) !== sharedObject) return 'it is no shared library';
  const wrong = foreign(head.getUint16(18, true), elfMachines, arch);
  if (wrong) return wrong;
  const segments = Number(head.getBigUint64(32, true));
  const segmentSize = head.getUint16(54, true);
  const segmentCount = head.getUint16(56, true);
  const sections = Number(head.getBigUint64(40, true));
  let end = sections + head.getUint16(58, true) * head.getUint16(60, true);
  end = Math.max(end, segments + segmentSize * segmentCount);
  if (end > size) return truncated(size, end);
  for (let i = 0; i < segmentCount; i++) {
    const at = segments + i * segmentSize;
    end = Math.max(end, Number(head.getBigUint64(at + 8, true)) + Number(head.getBigUint64(at + 32, true)));
  }
  return truncated(size, end);
}

/** Mach-O, 64 bits: mach-o/loader.h, `mach_header_64` and `segment_command_64`. `start` is that of a fat file's slice. */
function faultOfMach(head: DataView, size: number, arch: string): string | undefined {
  const wrong = foreign(head.getUint32(4, true), machMachines, arch);
  if (wrong) return wrong;
  const segment64 = 0x19;
  const commands = head.getUint32(16, true);
  let end = 32 + head.getUint32(20, true);
  if (end > size) return truncated(size, end);
  for (let i = 0, at = 32; i < commands; i++) {
    if (head.getUint32(at, true) === segment64) {
      end = Math.max(
        end,
        Number(head.getBigUint64(at + 40, true)) + Number(head.getBigUint64(at + 48, true)),
      );
    }
    const length = head.getUint32(at + 4, true);
    if (length < 8) return 'its headers are damaged';
    at += length;
  }
  return truncated(size, end);
}

/** Several Mach-O files in one: mach-o/fat.h, big-endian; the slice of this processor counts. */
function faultOfFat(
  head: DataView,
  size: number,
  arch: string,
  read: (offset: number) => DataView,
): string | undefined {
  const slices = head.getUint32(4);
  for (let i = 0; i < slices; i++) {
    const at = 8 + i * 20;
    if (head.getUint32(at) !== machMachines[arch]) continue;
    const [offset, length] = [head.getUint32(at + 8), head.getUint32(at + 12)];
    return truncated(size, offset + length) ?? faultOfMach(read(offset), length, arch);
  }
  return `it holds nothing for ${arch}`;
}

/** PE: Microsoft's "PE Format", COFF header and section table. */
function faultOfPe(head: DataView, size: number, arch: string): string | undefined {
  const pe = head.getUint32(60, true);
  if (head.getUint32(pe) !== 0x50450000) return 'it is no PE file';
  const wrong = foreign(head.getUint16(pe + 4, true), peMachines, arch);
  if (wrong) return wrong;
  const sections = head.getUint16(pe + 6, true);
  const table = pe + 24 + head.getUint16(pe + 20, true);
  let end = table + sections * 40;
  for (let i = 0; i < sections; i++) {
    const at = table + i * 40;
    end = Math.max(end, head.getUint32(at + 20, true) + head.getUint32(at + 16, true));
  }
  return truncated(size, end);
}
