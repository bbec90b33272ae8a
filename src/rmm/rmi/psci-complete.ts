import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';
import { type Rec, recIndexOfRegister } from '../rec.ts';

/** PSCI results, as register values. */
const Psci = { SUCCESS: 0n, OFF: 1n, DENIED: 0xffff_ffff_ffff_fffdn, ALREADY_ON: 0xffff_ffff_ffff_fffcn } as const;

/** Finishes a PSCI request that named another REC by its MPIDR. */
export const psciComplete = rmi({
  name: 'RMI_PSCI_COMPLETE',
  fid: Fid.RMI_PSCI_COMPLETE,
  context: (call) => ({
    call,
    calling: toPa(call.args.number(1)),
    target: toPa(call.args.number(2)),
    status: call.args.value(3),
  }),

  // prettier-ignore
  failures: [
    { id: 'calling_align', error: 'RMI_ERROR_INPUT', when: ({ calling }) => !isGranuleAligned(calling) },
    { id: 'target_align',  error: 'RMI_ERROR_INPUT', when: ({ target }) => !isGranuleAligned(target) },
    { id: 'alias',         error: 'RMI_ERROR_INPUT', when: ({ calling, target }) => calling === target },
    { id: 'calling_bound', error: 'RMI_ERROR_INPUT', when: ({ call, calling }) => !call.isDelegable(calling) },
    { id: 'calling_state', error: 'RMI_ERROR_INPUT', when: ({ call, calling }) => !call.isIn(calling, GranuleState.REC) },
    { id: 'target_bound',  error: 'RMI_ERROR_INPUT', when: ({ call, target }) => !call.isDelegable(target) },
    { id: 'target_state',  error: 'RMI_ERROR_INPUT', when: ({ call, target }) => !call.isIn(target, GranuleState.REC) },
    { id: 'pending',       error: 'RMI_ERROR_INPUT', when: ({ call, calling }) => call.rec(calling).isRunning || call.rec(calling).psciPending === undefined },
    { id: 'owner',         error: 'RMI_ERROR_INPUT', when: ({ call, calling, target }) => call.rec(calling).realm !== call.rec(target).realm },
    { id: 'target',        error: 'RMI_ERROR_INPUT', when: ({ call, calling, target }) => recIndexOfRegister(call.rec(calling).x(1)) !== call.rec(target).config.index },
    { id: 'status',        error: 'RMI_ERROR_INPUT', when: ({ call, calling, target, status }) => !isPermitted(call.rec(calling), call.rec(target), status) },
  ],

  effect: ({ call, calling, target, status }) => complete(call.rec(calling), call.rec(target), status),
});

/** SUCCESS always; DENIED only for CPU_ON of a target that is off. */
const isPermitted = (calling: Rec, target: Rec, status: bigint): boolean =>
  status === Psci.SUCCESS || (status === Psci.DENIED && calling.psciPending === 'CPU_ON' && !isOn(target));

const isOn = (target: Rec): boolean => target.isRunnable || target.isRunning;

function complete(calling: Rec, target: Rec, status: bigint): void {
  const request = calling.psciPending;
  const [entry, context] = [calling.x(2), calling.x(3)];
  calling.psciPending = undefined;
  for (const n of [1, 2, 3]) calling.setX(n, 0n);
  if (request === 'AFFINITY_INFO') {
    calling.setX(0, isOn(target) ? Psci.SUCCESS : Psci.OFF);
  } else if (isOn(target)) {
    calling.setX(0, Psci.ALREADY_ON);
  } else if (status === Psci.DENIED) {
    calling.setX(0, Psci.DENIED);
  } else {
    target.start(entry, context);
    calling.setX(0, Psci.SUCCESS);
  }
}
