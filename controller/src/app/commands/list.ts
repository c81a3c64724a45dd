// SPDX-License-Identifier: Apache-2.0
// `latchkey list inspect` and `list verify`: what a list file says, and whether a controller would take it. Work offline.
import { readFile } from 'node:fs/promises';
import { HEAD, type Head, headHash } from '@latchkey/protocols/authorization/head';
import { type ListParts, splitListFile } from '@latchkey/protocols/authorization/list-file';
import { loadList } from '@latchkey/protocols/authorization/list-load';
import { compilePolicy, type PolicyDocument, policyDocument } from '@latchkey/protocols/authorization/policy';
import { acceptRoot, decodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import { decodeFrame } from '@latchkey/protocols/authorization/signed-frame';
import { decodeJson } from '@latchkey/protocols/bytes/canonical-json';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { Command } from 'commander';
import { EXIT, fail, fileProblem } from './fail.ts';

const MINUTE_MS = 60_000;

export function registerList(program: Command): void {
  const list = program.command('list').description('list files: look into them, verify them');
  list
    .command('inspect')
    .description('what a list file says; nothing is verified')
    .argument('<file>', 'list file, such as lists/1/a.lkl in the data folder of a controller')
    .option('--json', 'print JSON')
    .action(inspect);
  list
    .command('verify')
    .description('would a controller take this list? Exit code 0 yes, 1 no with the reason, 2 wrong use')
    .argument('<file>', 'list file')
    .requiredOption('--root <file>', 'signed root document that names the keys to trust')
    .option('--campus <hex>', 'campus id expected, 16 hex digits; otherwise that of the root document')
    .option('--scope <number>', 'scope expected; otherwise that of the list')
    .option('--root-digest <hex>', 'digest the root document must have, as pinned at enrolment, 64 hex digits')
    .action(verify);
}

interface Opened {
  readonly parts: ListParts;
  readonly head: Head;
  readonly digest: string;
  readonly keyIds: readonly string[];
}

/** Structure only. */
function open(bytes: Uint8Array): Result<Opened> {
  const parts = splitListFile(bytes);
  if (!parts.ok) return parts.code === 'not-a-list-file' ? err(parts.code, 'this is no list file') : parts;
  const frame = decodeFrame(parts.value.headFrame);
  if (!frame.ok) return frame;
  const head = HEAD.decode(frame.value.payload);
  if (!head.ok) return head;
  const keyIds = frame.value.signatures.map(({ kid }) => kid);
  return ok({ parts: parts.value, head: head.value, digest: headHash(frame.value.payload), keyIds });
}

async function read(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    fail(fileProblem(path, error), EXIT.usage);
    return undefined;
  }
}

async function inspect(path: string, { json }: { readonly json?: true }): Promise<void> {
  const bytes = await read(path);
  if (bytes === undefined) return;
  const opened = open(bytes);
  if (!opened.ok) return fail(`${path}: ${opened.code}: ${opened.detail ?? 'the file is damaged'}`);
  const described = describe(opened.value, bytes.length);
  process.stdout.write(json ? `${JSON.stringify(described, null, 2)}\n` : text(path, described));
}

type Described = ReturnType<typeof describe>;

function describe({ parts, head, digest, keyIds }: Opened, fileBytes: number) {
  const counts = Array.from(parts.pageCounts);
  const policy = policyDocument.safeParse(decodeJson(parts.policy));
  const compiled = compilePolicy(parts.policy);
  return {
    campus: head.campusId,
    scope: head.scopeId,
    epoch: head.epoch,
    version: head.version,
    digest,
    previous: toHex(head.previousHeadHash),
    signedBy: keyIds,
    issued: iso(head.issuedAtMs),
    refreshBy: iso(head.refreshBy * MINUTE_MS),
    hardExpiry: iso(head.hardExpiry * MINUTE_MS),
    denySeq: head.denySeq,
    prfKeyId: head.prfKeyId,
    credentials: head.count,
    pages: { count: counts.length, smallest: Math.min(...counts), largest: Math.max(...counts) },
    bytes: fileBytes,
    policy: policy.success ? describePolicy(policy.data) : undefined,
    policyProblem: compiled.ok ? undefined : `${compiled.code}: ${compiled.detail ?? ''}`,
  };
}

function describePolicy({ timeZone, holidays, schedules, portals, profiles }: PolicyDocument) {
  return {
    timeZone,
    holidays: holidays.length,
    schedules: schedules.map(({ id }) => id),
    portals: portals.map(({ id, antiPassback, afterExpiry, askGateway }) => ({
      id,
      antiPassback: antiPassback.mode,
      afterExpiry,
      askGateway,
    })),
    profiles: profiles.length,
  };
}

/** Beyond what a Date holds only in a damaged or hostile file. */
const iso = (ms: number): string => (ms > 8.64e15 ? `${ms} ms` : new Date(ms).toISOString().replace('.000Z', 'Z'));

function text(path: string, list: Described): string {
  const { policy, pages } = list;
  const rows: (readonly [string, string])[] = [
    ['file', `${path}, ${list.bytes.toLocaleString('en')} bytes`],
    ['campus', list.campus],
    ['scope', String(list.scope)],
    ['version', `${list.version} of epoch ${list.epoch}`],
    ['digest', list.digest],
    ['previous', /^0+$/.test(list.previous) ? 'none' : list.previous],
    ['signed by', `${list.signedBy.join(', ')} (not verified: use "latchkey list verify")`],
    ['issued', list.issued],
    ['refresh by', list.refreshBy],
    ['hard expiry', list.hardExpiry],
    ['denies', `worked in up to ${list.denySeq}`],
    ['PRF key', String(list.prfKeyId)],
    ['credentials', list.credentials.toLocaleString('en')],
    ['pages', `${pages.count}, ${pages.smallest} to ${pages.largest} credentials each`],
  ];
  if (list.policyProblem !== undefined) rows.push(['policy', `not usable: ${list.policyProblem}`]);
  if (policy) {
    rows.push(['time zone', policy.timeZone], ['holidays', String(policy.holidays)]);
    rows.push(['schedules', policy.schedules.join(', ') || 'none'], ['profiles', String(policy.profiles)]);
    for (const portal of policy.portals) {
      const asks = portal.askGateway ? ', asks the gateway' : '';
      const line = `${portal.id}: anti-passback ${portal.antiPassback}, after expiry ${portal.afterExpiry}${asks}`;
      rows.push(['portal', line]);
    }
  }
  return `${rows.map(([name, value]) => `${name.padEnd(12)} ${value}`).join('\n')}\n`;
}

interface VerifyOptions {
  readonly root: string;
  readonly campus?: string;
  readonly scope?: string;
  readonly rootDigest?: string;
}

async function verify(path: string, options: VerifyOptions): Promise<void> {
  const wrong = wrongOption(options);
  if (wrong !== undefined) return fail(wrong, EXIT.usage);
  const bytes = await read(path);
  const rootBytes = bytes && (await read(options.root));
  if (bytes === undefined || rootBytes === undefined) return;
  const decoded = decodeRoot(rootBytes);
  if (!decoded.ok) {
    const message = `${options.root} is no signed root document (${decoded.code}); "latchkey keys root sign" makes one`;
    return fail(message, EXIT.usage);
  }
  const digest = options.rootDigest?.toLowerCase() ?? rootDigest(decoded.value.frame.payload);
  const root = await acceptRoot({ kind: 'pinned', digest }, rootBytes);
  if (!root.ok) return fail(`refused: root document: ${root.code}${detailOf(root)}`);
  const opened = open(bytes);
  if (!opened.ok) return fail(`refused: ${opened.code}${detailOf(opened)}`);
  const { keyring, document } = root.value;
  const campusId = options.campus?.toLowerCase() ?? document.campusId;
  const scopeId = options.scope === undefined ? opened.value.head.scopeId : Number(options.scope);
  const list = await loadList(bytes, { keyring, campusId, scopeId });
  if (!list.ok) return fail(`refused: ${list.code}${detailOf(list)}`);
  const { head } = list.value;
  const version = `version ${head.version} of epoch ${head.epoch}`;
  process.stdout.write(`good: scope ${head.scopeId}, ${version}, ${head.count.toLocaleString('en')} credentials\n`);
  process.stdout.write(
    `digest ${list.value.headHash}\nroot document ${document.version}, digest ${root.value.digest}\n`,
  );
}

const detailOf = ({ detail }: { readonly detail?: string }) => (detail === undefined ? '' : `: ${detail}`);

function wrongOption({ campus, scope, rootDigest }: VerifyOptions): string | undefined {
  if (campus !== undefined && !/^[0-9a-f]{16}$/i.test(campus)) return '--campus: use 16 hex digits';
  if (scope !== undefined && !/^[1-9]\d{0,9}$/.test(scope)) return '--scope: use a whole number from 1';
  if (rootDigest !== undefined && !/^[0-9a-f]{64}$/i.test(rootDigest)) return '--root-digest: use 64 hex digits';
  return undefined;
}
