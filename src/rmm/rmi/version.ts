import { Fid } from '../../arch/smccc.ts';
import { rmi } from '../command.ts';
import { NOT_AN_ADDRESS } from '../registers.ts';

/** The only interface revision there is, 1.0: lower and higher are both this. */
const REVISION = 0x1_0000;

/** Agrees on an interface revision. X1 and X2 are valid when the call fails, too. */
export const version = rmi({
  name: 'RMI_VERSION',
  fid: Fid.RMI_VERSION,
  context: (call) => ({ call, req: call.args.number(1) }),

  // prettier-ignore
  failures: [
    { id: 'incompatible', error: 'RMI_ERROR_INPUT', when: ({ req }) => req !== REVISION || req >= NOT_AN_ADDRESS, outputs: ({ call }) => offer(call) },
  ],

  effect: ({ call }) => offer(call),
});

function offer(call: { out(n: number, value: number): void }): void {
  call.out(1, REVISION);
  call.out(2, REVISION);
}
