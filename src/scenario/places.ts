// Where things are: granules of Realms, pages of VMs, and pages that the scenario gave a name.

import { GRANULE, HostError } from '../host/abi.ts';
import type { HostedRealm } from '../host/realm.ts';
import type { HostedVm } from '../host/vm.ts';
import type { Ref } from './scenario.ts';

export class Places {
  readonly #realms: ReadonlyMap<string, HostedRealm>;
  readonly #vms: ReadonlyMap<string, HostedVm>;
  readonly #pages = new Map<string, number>();
  readonly #granules = new Map<string, readonly number[]>();

  constructor(realms: ReadonlyMap<string, HostedRealm>, vms: ReadonlyMap<string, HostedVm>) {
    this.#realms = realms;
    this.#vms = vms;
  }

  add(name: string, pa: number): void {
    this.#pages.set(name, pa);
  }

  page(name: string): number {
    return this.#known(this.#pages.get(name), name);
  }

  pa(ref: Ref): number {
    return this.#base(ref) + ref.offset;
  }

  #base(ref: Ref): number {
    switch (ref.of) {
      case 'pa':
        return ref.pa;
      case 'page':
        return this.page(ref.page);
      case 'vm': {
        const page = this.#vms.get(ref.vm)?.pages.get(ref.ipa - (ref.ipa % GRANULE));
        return this.#known(page, `${ref.vm} 0x${ref.ipa.toString(16)}`) + (ref.ipa % GRANULE);
      }
      case 'data': {
        const at = ref.ipa - (ref.ipa % GRANULE);
        const { data, shared } = this.#realm(ref.realm);
        return (
          this.#known(data.get(at) ?? shared.get(at), `${ref.realm} 0x${ref.ipa.toString(16)}`) + (ref.ipa % GRANULE)
        );
      }
      case 'table':
        return this.#known(
          this.#realm(ref.realm).tables.get(`${ref.level}:${ref.ipa}`),
          `${ref.realm} level ${ref.level}`,
        );
      case 'granule': {
        const realm = this.#realm(ref.realm);
        return ref.granule === 'rd' ? realm.rd : realm.rttBase;
      }
      case 'vcpu':
        return this.#known(this.#realm(ref.realm).vcpus[ref.vcpu]?.[ref.granule], `${ref.realm} vcpu ${ref.vcpu}`);
    }
  }

  /** Keeps what a Realm has now: after it is destroyed its host no longer says so. */
  remember(name: string, realm: HostedRealm): void {
    this.#granules.set(name, [
      realm.rd,
      ...Array.from({ length: realm.rttCount }, (_, i) => realm.rttBase + i * GRANULE),
      ...realm.vcpus.flatMap(({ rec, aux }) => [rec, ...aux]),
      ...realm.data.values(),
      ...realm.tables.values(),
    ]);
  }

  granulesOf(name: string): readonly number[] {
    return this.#known(this.#granules.get(name), name);
  }

  #realm(name: string): HostedRealm {
    return this.#known(this.#realms.get(name), name);
  }

  #known<T>(value: T | undefined, what: string): T {
    if (value === undefined) throw new HostError(`${what} is not there`);
    return value;
  }
}
