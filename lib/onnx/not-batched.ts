/**
 * Thrown inside the importer where a graph mixes the batch with other axes, or computes with it what is not linear: the
 * model is then compiled with complete shapes. Users never see it.
 */
export class NotBatched extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotBatched';
  }
}
