// SPDX-License-Identifier: Apache-2.0
// Carries out an import's plan inside one change: whole or not at all, every line with its entry in the audit chain.
import { toHex } from '@latchkey/protocols/bytes/hex';
import type { BatchStatement, Bindable } from '../../adapters/database/database-messages.ts';
import type { PlanStep } from '../../core/import/plan.ts';
import type { CardContent } from '../../core/import/plan-cards.ts';
import type { LevelContent } from '../../core/import/plan-levels.ts';
import type { PeoplePlan, PersonContent } from '../../core/import/plan-people.ts';
import { bytesOfHex } from './deny-log.ts';
import { writeLevel } from './levels.ts';
import type { Change, RegistryContext } from './registry-context.ts';
import { flag } from './rows.ts';
import { HURRY, hurryScopes, scopesOfPeople } from './touched-scopes.ts';

/** Above so many people their scopes are not looked up one by one: all are compiled, and those without a change end there. */
const FEW_PEOPLE = 200;

const ADD_GROUP = 'insert into person_group (id, name) values (?, ?)';
const ADD_PERSON = `insert into person
  (name, kind, building, room, bed, class_name, college, active, valid_from, valid_until, number)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const CHANGE_PERSON = `update person set name = ?, kind = ?, building = ?, room = ?, bed = ?, class_name = ?, college = ?,
  active = ?, valid_from = ?, valid_until = ? where id = ?`;
const LEAVE_GROUPS = 'delete from group_member where person_id = ?';
const JOIN_GROUP = 'insert into group_member (group_id, person_id) select ?, id from person where number = ?';

const OPEN_ACCOUNT = `insert into account (person_id, initial_hash, password_hash, disabled, set_at, created_at)
  select id, ?, null, 0, ?, ? from person where number = ? on conflict (person_id) do nothing`;

/** Person's number → hash of the initial password. */
export type InitialHashes = ReadonlyMap<string, string>;

export async function writePeople(
  each: Change,
  { steps, newGroups }: PeoplePlan,
  hashes: InitialHashes,
): Promise<void> {
  const changed = steps.flatMap(({ content }) => content.id ?? []);
  await touchPeople(each, changed);
  const moved = steps.flatMap(({ content, fields }) => (fields.some(isPlace) ? (content.id ?? []) : []));
  await hurryRooms(each, moved);
  const left = steps.filter(({ content }) => content.id !== undefined && content.groupsChanged);
  const statements: BatchStatement[] = [
    { sql: ADD_GROUP, rows: newGroups.map(({ content }) => [content.id, content.name]) },
    { sql: ADD_PERSON, rows: personRows(steps, 'add') },
    { sql: CHANGE_PERSON, rows: personRows(steps, 'change') },
    { sql: LEAVE_GROUPS, rows: left.map(({ content }) => [content.id ?? null]) },
    { sql: JOIN_GROUP, rows: steps.flatMap(({ content }) => memberships(content)) },
    { sql: OPEN_ACCOUNT, rows: [...hashes].map(([number, hash]) => [hash, each.atMs, each.atMs, number]) },
  ];
  await each.run(statements);
  await touchPeople(each, changed);
  await hurryRooms(each, moved);
  for (const { content } of newGroups) each.note({ action: 'group-add', subject: `group ${content.id}` });
  for (const step of steps)
    each.note({ action: `person-${step.action}`, subject: `person ${step.key}`, detail: fieldNames(step) });
}

const personRows = (steps: readonly PlanStep<PersonContent>[], action: 'add' | 'change'): Bindable[][] =>
  steps
    .filter((step) => step.action === action)
    .map(({ content: { id, number, fields } }) => [
      fields.name,
      fields.kind,
      fields.building,
      fields.room,
      fields.bed,
      fields.className,
      fields.college,
      flag(fields.active),
      fields.validFromMs,
      fields.validUntilMs,
      id ?? number,
    ]);

const memberships = ({ number, fields, groupsChanged }: PersonContent): Bindable[][] =>
  groupsChanged ? fields.groups.map((group) => [group, number]) : [];

/** The audit names fields, not what a person's name was. */
const fieldNames = ({ fields, line }: PlanStep<unknown>) => ({
  line,
  ...(fields.length === 0 ? {} : { fields: fields.map((text) => text.slice(0, text.indexOf(':'))) }),
});

const isPlace = (field: string): boolean => /^(?:room|building):/.test(field);

/** Move-in day is an import: the rooms concerned go first, not the ten thousand lists that are only looked at. */
async function hurryRooms(each: Change, people: readonly number[]): Promise<void> {
  for (let first = 0; first < people.length; first += FEW_PEOPLE)
    await hurryScopes(each.trx, await scopesOfPeople(each.trx, people.slice(first, first + FEW_PEOPLE)), HURRY.many);
}

async function touchPeople(each: Change, people: readonly number[]): Promise<void> {
  if (people.length > FEW_PEOPLE) each.touch('all');
  else each.touch(await scopesOfPeople(each.trx, people));
}

const ISSUE_CARD = `insert into credential
  (person_id, type, credential_id, campus_ref, tail, class, state, issued_at, valid_from, valid_until)
  values (?, 'card', ?, ?, ?, ?, 'active', ?, null, ?)`;
const CHANGE_CARD = 'update credential set class = ?, valid_until = ? where id = ?';

export async function writeCards(
  { campusPrf, epoch }: RegistryContext,
  each: Change,
  steps: readonly PlanStep<CardContent>[],
): Promise<void> {
  const denied = await deniedReferences(each, epoch());
  const issued: Bindable[][] = [];
  for (const { content } of steps) {
    if (content.id !== undefined) continue;
    const reference = toHex(campusPrf.key(bytesOfHex(content.credentialId)));
    // A withdrawn card given out again is still on the chain as denied.
    if (denied.has(reference)) each.deny({ campusRef: reference, kind: 'allow-again', reason: 'other' });
    const { personId, credentialId, tail, class: credentialClass, validUntilMs } = content;
    issued.push([personId, credentialId, reference, tail, credentialClass, each.atMs, validUntilMs]);
  }
  const changed = steps.flatMap(({ content }) =>
    content.id === undefined ? [] : [[content.class, content.validUntilMs, content.id]],
  );
  await each.run([
    { sql: ISSUE_CARD, rows: issued },
    { sql: CHANGE_CARD, rows: changed },
  ]);
  await touchPeople(each, [...new Set(steps.map(({ content }) => content.personId))]);
  for (const step of steps) {
    const action = step.action === 'add' ? 'card-issue' : 'card-change';
    each.note({ action, subject: `card of person row ${step.content.personId}`, detail: fieldNames(step) });
  }
}

async function deniedReferences({ trx }: Change, epoch: number): Promise<Set<string>> {
  const rows = await trx
    .selectFrom('deny_op')
    .select(['campus_ref', 'kind'])
    .where('epoch', '=', epoch)
    .orderBy('seq')
    .execute();
  const last = new Map(rows.map(({ campus_ref, kind }) => [campus_ref, kind]));
  return new Set([...last].filter(([, kind]) => kind === 'deny').map(([reference]) => reference));
}

export async function writeLevels(each: Change, steps: readonly PlanStep<LevelContent>[]): Promise<void> {
  for (const { content } of steps) {
    const { id, fields } = content;
    await writeLevel(each, id, {
      groups: fields.groups,
      portals: fields.portals,
      fields: {
        name: fields.name,
        schedule_id: fields.schedule,
        allow_in: flag(fields.directions.includes('in')),
        allow_out: flag(fields.directions.includes('out')),
        valid_from: fields.validFromMs,
        valid_until: fields.validUntilMs,
      },
    });
  }
}
