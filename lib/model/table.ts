/** One line of a summary: numbers are for one sample. */
export interface Row {
  readonly name: string;
  readonly shape: string;
  readonly parameters: number;
  readonly macs: number;
  readonly bytes: number;
}

/** A table of layers or operators with totals and a note below it. */
export function table(rows: readonly Row[], note: string): string {
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  const cells = [
    ['layer', 'output shape', 'parameters', 'MACs', 'bytes'],
    ...rows.map(({ name, shape, parameters, macs, bytes }) => [
      name,
      shape,
      grouped(parameters),
      grouped(macs),
      grouped(bytes),
    ]),
    [
      'total',
      '',
      grouped(sum((row) => row.parameters)),
      grouped(sum((row) => row.macs)),
      grouped(sum((row) => row.bytes)),
    ],
  ];
  return tabulate(cells, 2, note);
}

/** Lines of cells: titles, rows and a sum, with rules between them and a note below; the first `left` columns are words. */
export function tabulate(cells: readonly (readonly string[])[], left: number, note: string): string {
  const widths = (cells[0] ?? []).map((_, column) =>
    cells.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), 0),
  );
  const lines = cells.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column < left ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  '),
  );
  const rule = '-'.repeat(lines[0]?.length ?? 0);
  return [lines[0], rule, ...lines.slice(1, -1), rule, lines.at(-1), note].join('\n');
}

/** 1234567 -> 1,234,567 whatever the locale. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
