import { rsi } from '../rsi-command.ts';

/** Upper bound of a token's size. */
const TOKEN_SIZE_MAX = 4096;

/** Starts token generation on this REC; one that was under way is dropped. Claims are what they are now. */
export const attestationTokenInit = rsi({
  name: 'RSI_ATTESTATION_TOKEN_INIT',
  fids: [0xc400_0194],
  context: (call) => ({ call }),

  // prettier-ignore
  failures: [
    { id: 'unknown', error: 'RSI_ERROR_UNKNOWN', when: ({ call }) => !call.rmm.canAttest },
  ],

  effect({ call }) {
    const { rec, rmm, realm } = call;
    const challenge = new Uint8Array(64);
    const view = new DataView(challenge.buffer);
    for (let i = 0; i < 8; i++) view.setBigUint64(8 * i, call.args.value(1 + i), true);
    const { measurements, config } = realm;
    const token = rmm.tokens.token({ measurements, rpv: config.rpv, hashAlgo: config.hashAlgo }, challenge);
    rec.attest = { challenge, token, sent: 0 };
    return { kind: 'return', x: [0, TOKEN_SIZE_MAX, 0, 0] };
  },
});
