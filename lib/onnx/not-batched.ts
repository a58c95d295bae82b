/**
 * The free batch is not the first axis of everything that flows: some operator mixes it with other axes, or makes a
 * shape of it that is none of a sample's. The graph can then be imported whole only, for one shape at a time. Internal:
 * whoever imports catches it.
 */
export class NotBatched extends Error {}
