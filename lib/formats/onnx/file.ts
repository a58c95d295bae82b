import type { DataType } from '../../tensor.js';

/** Element types of an ONNX file; numbers of the six `DataType`s are decoded, the others are named in errors only. */
export type ElementType =
  | DataType
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float16'
  | 'bfloat16'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'float8e8m0'
  | 'float4e2m1'
  | 'uint4'
  | 'int4'
  | 'uint2'
  | 'int2'
  | 'float6e2m3'
  | 'float6e3m2'
  | 'string'
  | 'complex64'
  | 'complex128'
  | 'undefined';

export type Numbers = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** A tensor of the file. `data` is a view of the file's bytes where its alignment allows that; nobody writes to it. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: ElementType;
  /** Lengths of 0 are legal here; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** Undefined where the type is none of the six `DataType`s. */
  readonly data: Numbers | undefined;
}

/** The value of an attribute; `int` and `ints` are checked to be safe integers (larger ones saturate, as exporters mean them). */
export type OnnxAttribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: OnnxTensor }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  /** Subgraphs, sparse tensors, types: no operator here reads them. */
  | { readonly kind: 'other'; readonly value: string };

export interface OnnxNode {
  /** `Conv`; of another domain than ONNX's own: `com.microsoft.FusedConv`. */
  readonly op: string;
  /** Its name in the file, or `<op>_<n>`: unique. */
  readonly name: string;
  /** Names of values; '' stands for an optional input that is absent. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** An input or output of the graph; a length is free where it is -1 or has a name. */
export interface OnnxPort {
  readonly name: string;
  readonly type: ElementType;
  /** Undefined where the file does not say. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** What a file says, whatever container it came in: ONNX protobuf, or our safetensors. */
export interface OnnxFile {
  readonly irVersion: number;
  /** Of ONNX's own domain. */
  readonly opset: number;
  readonly name: string;
  /** In an order in which they can run. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  /** Without those that are initializers. */
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly metadata: ReadonlyMap<string, string>;
}
