// SPDX-License-Identifier: Apache-2.0
// A made-up dormitory: residents with names, rooms and cards, the same for the same seed. Nobody in it exists.

export interface Resident {
  readonly number: string;
  readonly name: string;
  readonly building: string;
  readonly room: string;
  readonly bed: string;
  readonly className: string;
  /** Id of the group that gives the right to pass. */
  readonly group: string;
  /** UID of the campus card, 8 hex digits as a PC/SC reader gives it. */
  readonly uid: string;
}

const SURNAMES = Array.from('王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗');
const GIVEN = Array.from('伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰飞宇晨阳佳欣怡子涵浩然雨桐');
const MAJORS = ['机电', '护理', '计算机', '会计', '汽修', '物流'];

/** mulberry32: small, seeded, and good enough to make up names. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** `count` residents, four to a room, in buildings of 1,000. */
export function residents(count: number, seed = 20_260_901): Resident[] {
  const random = seededRandom(seed);
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const uids = new Set<string>();
  return Array.from({ length: count }, (_, index) => {
    const room = Math.floor(index / 4) % 250;
    const given = random() < 0.3 ? pick(GIVEN) : pick(GIVEN) + pick(GIVEN);
    return {
      number: String(2_026_000_001 + index),
      name: pick(SURNAMES) + given,
      building: `${Math.floor(index / 1_000) + 1}号楼`,
      group: `building-${Math.floor(index / 1_000) + 1}`,
      room: `${Math.floor(room / 50) + 1}${String((room % 50) + 1).padStart(2, '0')}`,
      bed: String((index % 4) + 1),
      className: `${pick(MAJORS)}26${String(1 + Math.floor(random() * 8)).padStart(2, '0')}`,
      uid: freshUid(random, uids),
    };
  });
}

function freshUid(random: () => number, taken: Set<string>): string {
  for (;;) {
    const uid = Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
    // 08 marks random UIDs, 88 a cascade: neither is a fixed 4-byte UID (ISO 14443-3).
    if (uid.startsWith('08') || uid.startsWith('88') || /^(00|f8|ff)/.test(uid) || taken.has(uid)) continue;
    taken.add(uid);
    return uid;
  }
}

const csv = (rows: readonly (readonly string[])[]) => rows.map((row) => row.join(',')).join('\r\n') + '\r\n';

/** The people's file as a student office exports it. */
export function peopleCsv(people: readonly Resident[]): string {
  return csv([
    ['学号', '姓名', '类别', '楼栋', '房间', '床位', '班级', '分组'],
    ...people.map((r) => [r.number, r.name, '住宿生', r.building, r.room, r.bed, r.className, r.group]),
  ]);
}

/** The card office's file; numbers are UIDs in hexadecimal, as the reader gives them. */
export function cardsCsv(people: readonly Resident[]): string {
  return csv([['学号', '卡号'], ...people.map((r) => [r.number, r.uid])]);
}
