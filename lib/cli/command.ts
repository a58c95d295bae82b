/** One command of the line. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** The whole text of `neocog NAME --help`. */
  readonly help: string;
  /** Gives the exit code: 0 done, 1 the work failed. Throws a UsageError for wrong arguments. */
  run(args: string[]): Promise<number>;
}

/** Wrong arguments: told with a hint at the help, exit code 2. */
export class UsageError extends Error {}

/** Whether `parseArgs` refused the arguments. */
export function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  return (
    error instanceof Error && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS_')
  );
}
