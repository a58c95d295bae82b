/** The base of every error this package throws; `code` is stable and meant for programs. */
export class NeocogError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An option or argument breaks its rule: `conv2d: expected kernelSize to be a positive integer, got 0`. */
export class OptionError extends NeocogError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_OPTION', message, options);
  }
}

/** Shapes, element types or sizes do not fit each other. */
export class ShapeError extends NeocogError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_SHAPE', message, options);
  }
}

/** A model file is damaged, or holds something this version cannot read. */
export class ModelFileError extends NeocogError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_MODEL_FILE', message, options);
  }
}

/** The asked-for engine is not available, or it failed: `code` says which (`ERR_BACKEND`, `ERR_OUT_OF_MEMORY`). */
export class BackendError extends NeocogError {
  constructor(message: string, options?: ErrorOptions & { code?: 'ERR_BACKEND' | 'ERR_OUT_OF_MEMORY' }) {
    super(options?.code ?? 'ERR_BACKEND', message, options);
  }
}

/** A value as an error message shows it: short, quoted where it is text, never throwing. */
export function show(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (Object.is(value, -0)) return '-0';
  if (value === null || typeof value !== 'object') return String(value);
  try {
    if (ArrayBuffer.isView(value)) return withArticle(value.constructor.name);
    if (!Array.isArray(value)) return 'an object';
    if (value.length <= 8)
      return `[${value.map((item) => (Array.isArray(item) ? 'an array' : show(item))).join(', ')}]`;
    return `an array of ${value.length}`;
  } catch {
    return 'an object that cannot be read';
  }
}

/** "an Int8Array", "a Uint8Array" */
export function withArticle(name: string): string {
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`;
}
