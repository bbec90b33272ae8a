// All calls that a Realm can make, by function identifier: RSI and PSCI.

import { psciAffinityInfo } from './psci/affinity-info.ts';
import { psciCpuOff } from './psci/cpu-off.ts';
import { psciCpuOn } from './psci/cpu-on.ts';
import { psciCpuSuspend } from './psci/cpu-suspend.ts';
import { psciFeatures } from './psci/features.ts';
import { psciSystemOff } from './psci/system-off.ts';
import { psciSystemReset } from './psci/system-reset.ts';
import { psciVersion } from './psci/version.ts';
import type { AnyRealmCommand } from './rsi-command.ts';
import { attestationTokenContinue } from './rsi/attestation-token-continue.ts';
import { attestationTokenInit } from './rsi/attestation-token-init.ts';
import { rsiFeatures } from './rsi/features.ts';
import { hostCall } from './rsi/host-call.ts';
import { ipaStateGet } from './rsi/ipa-state-get.ts';
import { ipaStateSet } from './rsi/ipa-state-set.ts';
import { measurementExtend } from './rsi/measurement-extend.ts';
import { measurementRead } from './rsi/measurement-read.ts';
import { realmConfig } from './rsi/realm-config.ts';
import { rsiVersion } from './rsi/version.ts';

// prettier-ignore
export const realmCommands: readonly AnyRealmCommand[] = [
  rsiVersion, rsiFeatures, measurementRead, measurementExtend, attestationTokenInit, attestationTokenContinue,
  realmConfig, ipaStateSet, ipaStateGet, hostCall,
  psciVersion, psciFeatures, psciCpuSuspend, psciCpuOff, psciCpuOn, psciAffinityInfo, psciSystemOff, psciSystemReset,
];
