// What may be asked of a PE: the check of an action before anything happens, for those who come without types.

import type { Action } from '../arch/action.ts';
import { isSysReg } from '../arch/registers.ts';
import { InputError } from '../base/input-error.ts';

const accessSizes: ReadonlySet<unknown> = new Set([1, 2, 4, 8, 16]);
const tlbiOps: ReadonlySet<unknown> = new Set(['paall', 'paallos', 'rpaos', 'rpalos']);
/** X0 to X30. */
const REGISTERS = 31;

const isBigint = (value: unknown): boolean => typeof value === 'bigint';
const isPas = (value: unknown): boolean => value === undefined || isBelow(value, 4);
const isBelow = (value: unknown, end: number): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < end;
const isValues = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.length <= REGISTERS && value.every(isBigint));

/** The action itself, or a refusal that names the part that is wrong. */
export function checkAction(value: unknown, where: string): Action {
  const refuse = (part: string, expected: string, found: unknown): never => {
    const shown = typeof found === 'object' ? Object.prototype.toString.call(found) : String(found);
    throw new InputError({ code: 'ACTION', where: `${where} ${part}`, expected, found: shown });
  };
  if (typeof value !== 'object' || value === null) return refuse('action', 'an action', value);
  const action = value as Action;
  switch (action.op) {
    case 'load':
    case 'store':
      if (!isBigint(action.at)) refuse('at', 'a bigint', action.at);
      if (!accessSizes.has(action.size)) refuse('size', '1, 2, 4, 8, 16', action.size);
      if (!isPas(action.pas)) refuse('pas', '0 to 3', action.pas);
      if (action.reg !== undefined && !isBelow(action.reg, REGISTERS + 1)) refuse('reg', '0 to 31', action.reg);
      if (action.op === 'store' && !isBigint(action.value)) refuse('value', 'a bigint', action.value);
      return action;
    case 'fetch':
      if (!isBigint(action.at)) refuse('at', 'a bigint', action.at);
      if (!isPas(action.pas)) refuse('pas', '0 to 3', action.pas);
      return action;
    case 'smc':
    case 'hvc':
    case 'svc':
      if (!isValues(action.x)) refuse('x', 'at most 31 bigints', action.x);
      if (action.imm !== undefined && !isBelow(action.imm, 0x1_0000)) refuse('imm', '0 to 0xffff', action.imm);
      return action;
    case 'eret':
    case 'wfi':
    case 'wfe':
      return action;
    case 'mrs':
    case 'msr':
      if (!isSysReg(String(action.reg))) refuse('reg', 'a system register', action.reg);
      if (action.op === 'msr' && !isBigint(action.value)) refuse('value', 'a bigint', action.value);
      if (action.rt !== undefined && !isBelow(action.rt, REGISTERS + 1)) refuse('rt', '0 to 31', action.rt);
      return action;
    case 'tlbi':
      if (!tlbiOps.has(action.what)) refuse('what', [...tlbiOps].join(', '), action.what);
      if (action.xt !== undefined && !isBigint(action.xt)) refuse('xt', 'a bigint', action.xt);
      return action;
    case 'cipapa':
      if (!isBigint(action.xt)) refuse('xt', 'a bigint', action.xt);
      return action;
    default:
      return refuse('op', 'an operation of a PE', (value as { readonly op?: unknown }).op);
  }
}
