/**
 * An operator needs the numbers of a graph input when the graph is imported: they decide about shapes, or nothing but
 * TypeScript computes the operator. Internal: whoever imports catches it and imports again with that input known.
 */
export class NeedsValue extends Error {
  /** The graph input. */
  readonly input: string;

  constructor(input: string) {
    super(`the numbers of the input ${JSON.stringify(input)} decide about shapes`);
    this.input = input;
  }
}

/** These graph inputs are used as weights: they have to be shared values. Internal to the import. */
export class NeedsShared extends Error {
  readonly inputs: readonly string[];

  constructor(inputs: readonly string[]) {
    super(`expected shared values, got the inputs ${inputs.join(', ')}`);
    this.inputs = inputs;
  }
}
