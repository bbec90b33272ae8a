import { Fid, version } from '../../arch/smccc.ts';
import type { Command } from '../command.ts';
import type { Activation } from '../rmm.ts';

/** The only interface revision there is: lower and higher are both 1.0. */
const REVISION = version(1, 0);

/** Agrees on an interface revision. X1 and X2 are valid when the call fails, too: the dispatcher adds them. */
export const rmiVersion: Command<Activation, { readonly req: bigint }> = {
  name: 'RMI_VERSION',
  fid: Fid.RMI_VERSION,
  context: (_, x) => ({ req: x[1] as bigint }),
  failures: [{ id: 'incompatible', error: 'RMI_ERROR_INPUT', when: ({ req }) => req !== REVISION }],
  effect: () => [REVISION, REVISION],
};

/** What a failed RMI_VERSION leaves in X1 and X2. */
export const supportedRevisions: readonly bigint[] = [REVISION, REVISION];
