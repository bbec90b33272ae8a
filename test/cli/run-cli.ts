// Runs a command line in this process and collects what it prints.
import { Readable } from 'node:stream';
import { run } from '../../src/cli/run.ts';

export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CliOptions {
  readonly stdin?: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
  readonly isTerminal?: boolean;
  readonly width?: number;
}

/** Words of a command line, as an array or as text without quotes. */
export async function cli(line: string | readonly string[], options: CliOptions = {}): Promise<CliRun> {
  let out = '';
  let err = '';
  const code = await run(typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line, {
    environment: options.environment ?? {},
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      err += text;
    },
    stdin: Readable.from(options.stdin === undefined ? [] : [options.stdin]),
    isTerminal: options.isTerminal ?? false,
    width: options.width ?? 80,
  });
  return { code, out, err };
}
