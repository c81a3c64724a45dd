// SPDX-License-Identifier: Apache-2.0
// First checks of every list, in the order of rule 1: size caps, signature by a list key of that scope, campus and scope.
import { err, ok, type Result } from '../result.ts';
import { HEAD, type Head, headHash } from './head.ts';
import { ALGORITHM_NUMBERS, type Keyring } from './keys.ts';
import { MAX_HEAD_FRAME_BYTES } from './limits.ts';
import { type FrameError, MAGICS, verifyFrame } from './signed-frame.ts';

export interface ListTrust {
  readonly keyring: Keyring;
  readonly campusId: string;
  readonly scopeId: number;
}

export interface VerifiedHead {
  readonly head: Head;
  readonly digest: string;
}

export type HeadError =
  | 'too-large'
  | FrameError
  | 'malformed-head'
  | 'algorithm-mismatch'
  | 'wrong-campus'
  | 'wrong-scope'
  | 'epoch-not-from-root'
  | 'bad-dates';

export async function verifyHead(headFrame: Uint8Array, trust: ListTrust): Promise<Result<VerifiedHead, HeadError>> {
  if (headFrame.length > MAX_HEAD_FRAME_BYTES)
    return err('too-large', `a head takes at most ${MAX_HEAD_FRAME_BYTES} bytes`);
  const frame = await verifyFrame(headFrame, MAGICS.head, trust.keyring, 'list', trust.scopeId);
  if (!frame.ok) return frame;
  const { payload, alg } = frame.value;
  const decoded = HEAD.decode(payload);
  if (!decoded.ok) return err('malformed-head', decoded.detail);
  if (payload.length !== HEAD.size) return err('malformed-head', `a head takes ${HEAD.size} bytes`);
  const head = decoded.value;
  if (head.algorithm !== ALGORITHM_NUMBERS[alg]) return err('algorithm-mismatch', 'the head names another algorithm');
  if (head.campusId !== trust.campusId || head.campusId !== trust.keyring.campusId) return err('wrong-campus');
  if (head.scopeId !== trust.scopeId) return err('wrong-scope', `it is of scope ${head.scopeId}`);
  // An earlier epoch is a list at rest that waits for its successor; as a new one accept-list refuses it.
  if (head.epoch > trust.keyring.epoch) return err('epoch-not-from-root', 'no root document has started its epoch');
  if (head.hardExpiry < head.refreshBy) return err('bad-dates', 'its hard expiry lies before its refresh date');
  return ok({ head, digest: headHash(payload) });
}
