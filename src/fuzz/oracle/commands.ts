// The commands of specs/rmm-1.0/ with their conditions parsed, by function identifier.

import { commandSpecs } from '../../spec/commands.generated.ts';
import { type Expression, parseCondition } from '../../spec/condition.ts';
import type { CommandSpec } from '../../spec/specification.ts';

export type ParsedRow = {
  readonly id: string;
  readonly pre: Expression;
  readonly post: string;
  readonly index: Expression | undefined;
  /** Rows that are returned instead when both hold. */
  readonly after: readonly string[];
};
export type ParsedPost = { readonly id: string; readonly at: 'entry' | 'exit' | undefined; readonly post: Expression };

export type ParsedCommand = {
  readonly name: string;
  readonly spec: CommandSpec;
  readonly context: ReadonlyMap<string, Expression>;
  readonly after: ReadonlyMap<string, Expression>;
  /** In evaluation order. */
  readonly rows: readonly ParsedRow[];
  readonly restart: readonly { readonly id: string; readonly pre: Expression }[];
  readonly success: readonly ParsedPost[];
  readonly onFailure: readonly ParsedPost[];
  readonly footprint: readonly Expression[];
  /** No condition speaks of the result, so success is the interface's own code. */
  readonly hasPlainResult: boolean;
};

function parse(spec: CommandSpec): ParsedCommand {
  const named = (list: CommandSpec['context'] = []): ReadonlyMap<string, Expression> =>
    new Map(list.map(({ name, value }) => [name, parseCondition(value)]));
  const posts = (list: CommandSpec['success'] = []): readonly ParsedPost[] =>
    list.map(({ id, at, post }) => ({ id, at, post: parseCondition(post) }));
  const rows = spec.evaluationOrder.map((id) => {
    const row = spec.failure.find((each) => each.id === id)!;
    return {
      id,
      pre: parseCondition(row.pre),
      post: row.post,
      index: row.index === undefined ? undefined : parseCondition(row.index),
      after: spec.order.filter(([, second]) => second === id).map(([first]) => first),
    };
  });
  return {
    name: spec.name,
    spec,
    context: named(spec.context),
    after: named(spec.after),
    rows,
    restart: (spec.restart ?? []).map(({ id, pre }) => ({ id, pre: parseCondition(pre) })),
    success: posts(spec.success),
    onFailure: posts(spec.onFailure),
    footprint: spec.footprint.map(parseCondition),
    hasPlainResult: !spec.success.some(({ at, post }) => at === undefined && /\bresult\b/.test(post)),
  };
}

export const parsedCommands: readonly ParsedCommand[] = commandSpecs.map(parse);

const byFid: ReadonlyMap<number, ParsedCommand> = new Map(
  parsedCommands.flatMap((command) =>
    [command.spec.fid, command.spec.fid32]
      .filter((fid) => fid !== undefined)
      .map((fid) => [Number(fid), command] as const),
  ),
);

const SVE_HINT = 0x1_0000n;

/** The command that W0 names, the SVE hint aside. */
export const commandOf = (x0: bigint): ParsedCommand | undefined =>
  byFid.get(Number(BigInt.asUintN(32, x0) & ~SVE_HINT));
