import type { Entry, Script, ScriptArgs } from '../arch/action.ts';
import { Fid } from '../arch/smccc.ts';

/** The one S-EL1 partition: a trusted service that keeps a secret. */
export function* securePartition(_args: ScriptArgs, _entry: Entry): Script {
  for (;;) yield { op: 'smc', x: [BigInt(Fid.FFA_MSG_WAIT)] };
}
