// SPDX-License-Identifier: Apache-2.0
// What a lane's display says, in Chinese and English: few words, read in passing, and what to do next. Nobody's name, nothing
// that a stranger behind should not read.
import type { Reason } from '@latchkey/protocols/mqtt/reasons';

export interface Words {
  readonly title: string;
  readonly advice: string;
}

/** Chinese first: most people read that. */
export interface LaneWords {
  readonly zh: Words;
  readonly en: Words;
}

export const LANE_STATES = [
  'waiting',
  'checking',
  'granted',
  'refused',
  'unreadable',
  'held-warning',
  'held-alarm',
] as const;
export type LaneState = (typeof LANE_STATES)[number];

const words = (zhTitle: string, zhAdvice: string, enTitle: string, enAdvice: string): LaneWords => ({
  zh: { title: zhTitle, advice: zhAdvice },
  en: { title: enTitle, advice: enAdvice },
});

export const STATE_WORDS: Readonly<Record<Exclude<LaneState, 'refused'>, LaneWords>> = {
  waiting: words('请刷卡或扫码', '卡贴读卡区，码对扫码窗。', 'Card or code', 'Hold it to the reader.'),
  checking: words('正在核对…', '请稍候。', 'Checking…', 'One moment, please.'),
  granted: words('请通行', '', 'Please pass', ''),
  unreadable: words(
    '没有读到',
    '请再试一次：卡贴住片刻，码放平、调亮屏幕。',
    'Not read',
    'Try again: hold the card still, or the code flat and the screen bright.',
  ),
  'held-warning': words('请随手关门', '门开得太久会报警。', 'Please close the door', 'An alarm follows soon.'),
  'held-alarm': words(
    '请立即关门',
    '门开得太久，已报警。',
    'Close the door now',
    'It was open too long: the alarm is on.',
  ),
};

const CARD_OFFICE = { zh: '请到校园卡中心。', en: 'See the card office.' };
const OWN_CODE = { zh: '请出示通行码，或刷校园卡。', en: 'Show the student pass, or use your card.' };
const OTHER_DOOR = { zh: '请走其他门，或找值班人员。', en: 'Take another door, or ask the duty desk.' };

export const REASON_WORDS: Readonly<Record<Reason, LaneWords>> = {
  CredentialNotEnabled: words('尚未启用', CARD_OFFICE.zh, 'Not enabled yet', CARD_OFFICE.en),
  CredentialNotActive: words('尚未生效', '到生效日期后再来。', 'Not valid yet', 'Come back once it is.'),
  CredentialExpired: words('已过有效期', CARD_OFFICE.zh, 'Expired', CARD_OFFICE.en),
  InvalidPIN: words('密码不对', '请重新输入。', 'Wrong PIN', 'Please type it again.'),
  NotPermittedAtThisTime: words(
    '现在不能通行',
    '请在开放时间来；有急事找值班人员。',
    'Not at this time',
    'Come in opening hours, or ask the duty desk.',
  ),
  Unauthorized: words(
    '没有此门权限',
    '如有疑问，请联系楼栋管理员。',
    'No access here',
    'Questions? Ask the building manager.',
  ),
  AntipassbackViolation: words(
    '进出次序不符',
    '请先到另一侧刷一次，或找值班人员。',
    'In or out twice',
    'Use the other side first, or ask the duty desk.',
  ),
  UnknownCredential: words('不认识此卡或手机', CARD_OFFICE.zh, 'Not known here', CARD_OFFICE.en),
  CredentialDenied: words('已停用', CARD_OFFICE.zh, 'Stopped', CARD_OFFICE.en),
  AssuranceTooLow: words(
    '此时段不收这种卡',
    '请出示手机通行码，或找值班人员。',
    'Stronger proof needed',
    'Show the code on your phone, or ask the duty desk.',
  ),
  DoorNotAccessible: words('此门已关闭', OTHER_DOOR.zh, 'Door closed', OTHER_DOOR.en),
  ListMissing: words('门禁未就绪', OTHER_DOOR.zh, 'Gate not ready', OTHER_DOOR.en),
  ListExpired: words('门禁名单过期', OTHER_DOOR.zh, 'Gate out of date', OTHER_DOOR.en),
  GatewayUnreachable: words('网络无应答', '请稍后再试，或刷校园卡。', 'No answer', 'Try again soon, or use your card.'),
  CodeUnreadable: words(
    '不是可用的码',
    '请打开通行码，放平并调亮屏幕。',
    'Not a pass code',
    'Open the student pass; hold it flat, screen bright.',
  ),
  CodeExpired: words(
    '码已过期',
    '请出示实时的码，不要用截图；手机时间设为自动。',
    'Code too old',
    'Show the live code, no screenshot; set the phone’s time to automatic.',
  ),
  CodeFromFuture: words(
    '手机时间偏快',
    '请把手机时间设为自动，再试一次。',
    'Phone clock ahead',
    'Set the phone’s time to automatic, then try again.',
  ),
  CodeReplayed: words(
    '码已用过',
    '请等几秒，出示下一个码。',
    'Code already used',
    'Wait a few seconds for the next one.',
  ),
  CodeWrongZone: words(
    '不是此处的码',
    '请在通行码上选择这个地点。',
    'Code for elsewhere',
    'Choose this place in the pass.',
  ),
  CodeForged: words(
    '码无效',
    '请刷校园卡；手机请重新启用。',
    'Code not valid',
    'Use your card; enrol the phone again.',
  ),
  CodeClockUnsure: words(
    '门禁时间不准',
    '请刷校园卡，或用手机回答门口的二维码。',
    'Gate clock unsure',
    'Use your card, or answer the QR code here.',
  ),
  CodeNeedsNetwork: words('此码需要网络', OWN_CODE.zh, 'This code needs a network', OWN_CODE.en),
  CodeNotRecognised: words('码不被认可', OWN_CODE.zh, 'Code not recognised', OWN_CODE.en),
  ResolverUnavailable: words('对方系统无应答', OWN_CODE.zh, 'Other app not answering', OWN_CODE.en),
  PaymentCodeNotAccepted: words('付款码不能开门', OWN_CODE.zh, 'No payment codes', OWN_CODE.en),
};
