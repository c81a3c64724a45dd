// SPDX-License-Identifier: Apache-2.0
// All lists of this controller and what belongs to them: root documents, PRF keys, freshness. One message after the other, so
// that no two of them see half of each other's work.
import type { TrustState } from '@latchkey/protocols/authorization/accept-list';
import type { DenyPosition } from '@latchkey/protocols/authorization/deny-overlay';
import type { AuthorizationList } from '@latchkey/protocols/authorization/list-load';
import { CAMPUS_SCOPE } from '@latchkey/protocols/authorization/prf-key';
import { judgeRetraction, RETRACTION } from '@latchkey/protocols/authorization/retraction';
import { MAGICS, verifyFrame } from '@latchkey/protocols/authorization/signed-frame';
import type { Instant } from '@latchkey/protocols/authorization/signed-time';
import { fromBase64url } from '@latchkey/protocols/bytes/base64url';
import { decodeEnvelope, encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { type ListDown, listDown, type Need } from '@latchkey/protocols/mqtt/messages';
import type { ListSlots } from '../adapters/list-slots.ts';
import type { SettingsFile } from '../adapters/settings-file.ts';
import type { Clock } from '../ports/clock.ts';
import type { Link } from '../ports/link.ts';
import type { Alarms } from './alarms.ts';
import { readStoredList } from './list-boot.ts';
import { createFreshnessWatch } from './list-freshness.ts';
import { createScopeList, type ScopeList } from './list-scope.ts';
import type { Log } from './log.ts';
import type { PrfKeys } from './prf-keys.ts';
import type { Settings } from './settings-schema.ts';
import type { Trust } from './trust.ts';

export interface ListKeeper {
  /** Reads and verifies what is stored. Before anything else, and without any network. */
  load(): Promise<void>;
  lists(): readonly AuthorizationList[];
  /** The list that knows this portal. */
  listFor(portal: string): AuthorizationList | undefined;
  have(): readonly { scope: number; epoch: number; version: number; digest: string }[];
  /** A `dn/list` payload; it must stay as it is until this resolves. Never rejects. */
  onMessage(payload: Uint8Array): Promise<void>;
  onUp(): void;
  onDown(): void;
  /** Once a minute: dates that have passed. */
  checkDates(): void;
  close(): Promise<void>;
}

export interface ListKeeperParts {
  readonly campusId: string;
  readonly device: string;
  /** Of the connection of now, as said in hello. */
  readonly session: () => string;
  readonly slots: ListSlots;
  readonly settings: SettingsFile<Settings>;
  readonly trust: Trust;
  readonly prfKeys: PrfKeys;
  readonly link: Pick<Link, 'publish'>;
  readonly clock: Pick<Clock, 'after'>;
  readonly alarms: Alarms;
  readonly log: Log;
  readonly instant: () => Instant;
  readonly onSignedTime: (ms: number) => void;
  readonly onDeny: (frame: Uint8Array) => Promise<void>;
  /** Of a corridor: what it is told of one lock. */
  readonly onLock: (frame: Uint8Array) => Promise<void>;
  /** Of a corridor: an order to pair a lock at the door. */
  readonly onPairLock: (frame: Uint8Array) => Promise<void>;
  /** The list is a lock's: its key is carried sealed and is none of ours. */
  readonly carriesKey: (scope: number) => boolean;
  /** A list came into force; `all` are the places in the deny chain that the lists in force cover. */
  readonly onActive: (list: AuthorizationList, all: readonly DenyPosition[]) => void;
}

const subject = (scope: number) => `scope ${scope}`;
const MINUTE_MS = 60_000;
/** What waits to be looked at: more than the pages one need asks for. Beyond it, pages are dropped and asked for again. */
const MAX_WAITING_BYTES = 33_554_432;

export function createListKeeper(parts: ListKeeperParts): ListKeeper {
  const { settings, trust, prfKeys, alarms, log } = parts;
  const scopes = new Map<number, ScopeList>();
  const retractedMs = new Map<number, number>();
  let queue: Promise<void> = Promise.resolve();
  let waitingBytes = 0;

  const markOf = (scope: number): TrustState | null => settings.current().trust.lists[String(scope)] ?? null;
  const lists = () => [...scopes.values()].flatMap((scope) => scope.inForce() ?? []);
  const ask = (need: Need) => {
    parts.link.publish('need', encodeEnvelope(need)).catch(() => log.debug({}, 'need not sent'));
  };

  const raiseMark = (scope: number, { epoch, version, digest }: TrustState) =>
    writeMark(scope, { epoch, version, digest });

  function writeMark(scope: number, mark: TrustState & { readonly retracted?: true }): Promise<void> {
    return settings.update((data) => {
      const lists = { ...data.trust.lists, [String(scope)]: mark };
      return { ...data, trust: { ...data.trust, lists } };
    });
  }

  function report(scope: number, of: TrustState, state: 'active' | 'refused', code?: string): void {
    const message = { scope, epoch: of.epoch, version: of.version, digest: of.digest, state };
    const told = encodeEnvelope(code === undefined ? message : { ...message, code });
    parts.link.publish('list', told).catch(() => log.debug({}, 'report not sent'));
  }

  function reportActive(scope: number, list: AuthorizationList): void {
    const { epoch, version } = list.head;
    report(scope, { epoch, version, digest: list.headHash }, 'active');
    alarms.set('list-corrupt', false, subject(scope));
  }

  function onActive(scope: number, list: AuthorizationList): void {
    reportActive(scope, list);
    freshness.expect(scope);
    checkDates();
    const positions = lists().map(({ head }) => ({ epoch: head.epoch, denySeq: head.denySeq }));
    parts.onActive(list, positions);
  }

  function onRefused(scope: number, refused: TrustState, code: string): void {
    report(scope, refused, 'refused', code);
    alarms.tell(code === 'equivocation' ? 'list-equivocation' : 'list-refused', `${subject(scope)}: ${code}`);
    if (code === 'epoch-not-from-root' || code === 'unknown-key')
      ask({ kind: 'root', fromVersion: trust.rootVersion() });
  }

  function scopeList(scope: number): ScopeList {
    const known = scopes.get(scope);
    if (known) return known;
    const { campusId, slots, clock, instant } = parts;
    const made = createScopeList({
      scope,
      campusId,
      slots,
      trust,
      clock,
      log,
      instant,
      ask,
      holdsKey: (id) => prfKeys.get(id) !== undefined || parts.carriesKey(scope),
      mark: () => markOf(scope),
      raiseMark: (mark) => raiseMark(scope, mark),
      onActive: (list) => onActive(scope, list),
      onSame: (list) => reportActive(scope, list),
      onRefused: (refused, code) => onRefused(scope, refused, code),
    });
    scopes.set(scope, made);
    return made;
  }

  const freshness = createFreshnessWatch({
    ...parts,
    scopes: () => [...scopes.keys()],
    inForce: (scope) => stateOf(scopes.get(scope)?.inForce()),
    onBehind: (scope) => ask({ kind: 'offer', scope }),
  });

  async function loadScope(scope: number): Promise<void> {
    const mark = markOf(scope);
    const { list, damaged } = await readStoredList({ ...parts, scope, mark, instant: parts.instant() });
    if (damaged || (mark && !list)) alarms.set('list-corrupt', !list, subject(scope));
    const made = scopeList(scope);
    if (!list) return;
    made.adopt(list);
    const state = stateOf(list);
    if (state && state.digest !== mark?.digest) await raiseMark(scope, state);
    log.info({ scope, version: list.head.version, count: list.count }, 'list loaded');
  }

  function checkDates(): void {
    const { ms } = parts.instant();
    for (const { head } of lists()) {
      alarms.set('list-past-refresh', ms >= head.refreshBy * MINUTE_MS, subject(head.scopeId));
      alarms.set('list-expired', ms >= head.hardExpiry * MINUTE_MS, subject(head.scopeId));
    }
  }

  async function onRoot(frame: Uint8Array): Promise<void> {
    const accepted = await trust.offer(frame);
    if (accepted.ok) {
      log.info({ version: trust.rootVersion() }, 'root document in force');
      // The key of the campus was signed under the root before.
      return ask({ kind: 'campus-key' });
    }
    log.warn({ reason: accepted.code }, 'root document refused');
    if (accepted.code === 'version-gap') ask({ kind: 'root', fromVersion: trust.rootVersion() });
  }

  async function receiveKey({ id, jwe }: { id: number; jwe: string }, scope: number): Promise<boolean> {
    const { campusKey } = settings.current().trust;
    const received = await prfKeys.receive({ id, jwe, scope, campusKey });
    if (!received.ok) {
      log.warn({ id, reason: received.code }, 'key refused');
      if (received.code === 'unknown-key') ask({ kind: 'root', fromVersion: trust.rootVersion() });
      return false;
    }
    if (scope === CAMPUS_SCOPE && campusKey !== id)
      await settings.update((data) => ({ ...data, trust: { ...data.trust, campusKey: id } }));
    return true;
  }

  async function onOffer(message: Extract<ListDown, { kind: 'offer' }>, deltas: Uint8Array): Promise<void> {
    const headFrame = fromBase64url(message.head);
    if (!headFrame.ok) return onRefused(message.scope, message, 'malformed-frame');
    if (message.prf && !(await receiveKey(message.prf, message.scope)))
      return onRefused(message.scope, message, 'key-refused');
    const list = scopeList(message.scope);
    await list.offer({ headFrame: headFrame.value, deltas });
    // Anybody can name a scope: without a signed head for it, it is none of ours.
    if (!list.isWanted() && !markOf(message.scope)) scopes.delete(message.scope);
  }

  /** Once every list is by the new root, the old one is forgotten. */
  async function tidyAfterRotation(): Promise<void> {
    if (!trust.previousKeyring()) return;
    const waiting = lists().some(({ head }) => head.epoch < trust.keyring().epoch);
    const unsigned = [...usedKeys()].some((id) => prfKeys.get(id) && !prfKeys.isCurrent(id));
    if (!waiting && !unsigned) await trust.forgetPrevious();
  }

  /** Keys that nothing uses any more; one that a transfer under way needs is sent again. */
  const dropUnusedKeys = (): Promise<void> => prfKeys.keepOnly(usedKeys());

  function usedKeys(): Set<number> {
    const used = lists().map(({ head }) => head.prfKeyId);
    const { campusKey } = settings.current().trust;
    return new Set(campusKey === null ? used : [...used, campusKey]);
  }

  async function take(message: ListDown, body: Uint8Array): Promise<void> {
    switch (message.kind) {
      case 'offer':
        return onOffer(message, body);
      case 'policy':
        return scopes.get(message.scope)?.takePolicy(message.version, message.offset, message.total, body);
      case 'leaves':
        return scopes.get(message.scope)?.takeLeaves(message.version, message.first, body);
      case 'pages':
        return scopes.get(message.scope)?.takePages(message.version, message.first, message.counts, body);
      case 'freshness':
        return freshness.onStatement(body);
      case 'deny':
        return parts.onDeny(body);
      case 'root':
        return onRoot(body);
      case 'campus-key':
        await receiveKey(message.prf, CAMPUS_SCOPE);
        return;
      case 'lock':
        return parts.onLock(body);
      case 'pair-lock':
        return parts.onPairLock(body);
      case 'retract':
        return onRetraction(message.scope, body);
    }
  }

  async function onRetraction(scope: number, frame: Uint8Array): Promise<void> {
    const keyring = trust.keyring();
    const verified = await verifyFrame(frame, MAGICS.retraction, keyring, 'list', scope);
    const said = verified.ok ? RETRACTION.decode(verified.value.payload) : verified;
    const { campusId, device } = parts;
    const lastRetractedMs = retractedMs.get(scope) ?? 0;
    const lastFreshMs = freshness.lastMs(scope);
    const session = parts.session();
    const { epoch } = keyring;
    const context = {
      campusId,
      epoch,
      device,
      session,
      scopeId: scope,
      mark: markOf(scope),
      lastFreshMs,
      lastRetractedMs,
    };
    const judged = said.ok ? judgeRetraction(said.value, context) : said;
    if (!judged.ok || !said.ok) {
      const code = judged.ok ? 'malformed-frame' : judged.code;
      log.warn({ scope, reason: code }, 'retraction refused');
      return alarms.tell('list-refused', `${subject(scope)}: retraction, ${code}`);
    }
    retractedMs.set(scope, said.value.issuedMs);
    await retract(scope);
  }

  async function retract(scope: number): Promise<void> {
    freshness.forget(scope);
    const mark = markOf(scope);
    if (mark) await writeMark(scope, { ...mark, retracted: true });
    await scopes.get(scope)?.retract();
    scopes.delete(scope);
    for (const alarm of ['list-past-refresh', 'list-expired', 'list-corrupt'] as const)
      alarms.set(alarm, false, subject(scope));
    log.info({ scope }, 'list retracted');
  }

  return {
    async load() {
      const marks = Object.entries(settings.current().trust.lists);
      const expected = marks.filter(([, mark]) => !mark.retracted).map(([scope]) => Number(scope));
      const stored = new Set([...(await parts.slots.scopes()), ...expected]);
      await Promise.all([...stored].map(loadScope));
      await dropUnusedKeys();
      checkDates();
    },
    lists,
    listFor: (portal) => lists().find(({ policy }) => policy.portals.has(portal)),
    have: () =>
      lists().map(({ head, headHash }) => ({
        scope: head.scopeId,
        epoch: head.epoch,
        version: head.version,
        digest: headHash,
      })),
    onMessage(payload) {
      const envelope = decodeEnvelope(payload);
      const message = envelope.ok ? listDown.safeParse(envelope.value.json) : undefined;
      if (!envelope.ok || !message?.success) {
        log.warn({}, 'list message not understood');
        return Promise.resolve();
      }
      if (waitingBytes > MAX_WAITING_BYTES) {
        log.warn({}, 'list message dropped, too many wait');
        return Promise.resolve();
      }
      waitingBytes += payload.length;
      queue = queue
        .then(() => take(message.data, envelope.value.body))
        .then(tidyAfterRotation)
        .catch((error: unknown) => log.error({ error: String(error) }, 'list handling failed'))
        .finally(() => {
          waitingBytes -= payload.length;
        });
      return queue;
    },
    onUp() {
      freshness.onUp();
      for (const scope of scopes.values()) scope.resume();
    },
    onDown() {
      freshness.onDown();
      for (const scope of scopes.values()) scope.pause();
    },
    checkDates,
    async close() {
      freshness.onDown();
      for (const scope of scopes.values()) scope.pause();
      await queue;
    },
  };
}

const stateOf = (list: AuthorizationList | undefined): TrustState | null =>
  list ? { epoch: list.head.epoch, version: list.head.version, digest: list.headHash } : null;
