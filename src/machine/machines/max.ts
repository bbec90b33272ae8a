import type { MachineDescription } from '../description.ts';
import { baseMachine } from './base.ts';

/** The base machine with every extension of the granule protection check and all translation granules. */
export const maxMachine: MachineDescription = {
  ...baseMachine,
  name: 'max',
  features: { gpc2: true, gpc3: true, gdi: true, sel2: true, granule16k: true, granule64k: true },
};
