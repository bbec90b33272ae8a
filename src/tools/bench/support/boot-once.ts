// A process that boots the 64 GiB machine once, cold, and prints what that took: milliseconds, and bytes of resident memory.
import { Machine } from '../../../machine/machine.ts';
import { largeMachine } from '../../../machine/machines/large.ts';

globalThis.gc?.();
const before = process.memoryUsage.rss();
const started = performance.now();
const machine = Machine.boot(largeMachine);
const milliseconds = performance.now() - started;
const after = process.memoryUsage.rss();
globalThis.gc?.();
const settled = process.memoryUsage.rss();
const [pe] = machine.pes;
if (pe?.power !== 'on' || pe.el !== 2) throw new Error('the machine has booted');
console.log(JSON.stringify({ milliseconds, grown: after - before, kept: settled - before }));
