// SPDX-License-Identifier: Apache-2.0
// What the tour says, in English and Chinese. Every number in it was measured a moment before.

export interface TourText {
  readonly gatewayUp: (ms: number) => string;
  readonly imported: (people: number, ms: number) => string;
  readonly controllersUp: (names: string, ms: number) => string;
  readonly listInForce: (version: number, ms: number) => string;
  readonly opened: (who: string, reader: string, ms: number) => string;
  readonly atGateway: (ms: number) => string;
  readonly refused: (who: string, reader: string, reason: string) => string;
  readonly notTheirBuilding: string;
  readonly unknownCard: string;
  readonly reportedLost: (who: string, confirmed: number, ms: number) => string;
  readonly lostRefused: (reader: string, reason: string, ms: number) => string;
  readonly cut: (device: string) => string;
  readonly openedOffline: (count: number, ms: number) => string;
  readonly lostOffline: (reader: string) => string;
  readonly restored: (arrived: number, ms: number) => string;
  readonly nothingLost: (passages: number) => string;
  readonly locksPaired: (count: number, ms: number) => string;
  readonly keychainOpened: (who: string, room: string, ms: number) => string;
  readonly tappedTwice: (times: number) => string;
  readonly neighbourHasNone: string;
  readonly roomByCard: (room: string) => string;
  readonly notReached: (state: string) => string;
  readonly play: string;
  readonly heading: {
    readonly start: string;
    readonly card: string;
    readonly lost: string;
    readonly offline: string;
    readonly room: string;
  };
}

const number = (ms: number) => ms.toFixed(ms < 100 ? 1 : 0);

export const EN: TourText = {
  heading: {
    start: 'A campus starts',
    card: 'A card at the gate',
    lost: 'A card is lost',
    offline: 'The network is cut',
    room: "A door of one's own",
  },
  gatewayUp: (ms) => `gateway up after ${number(ms)} ms, with root keys made here for this trial`,
  imported: (people, ms) => `${people} residents and their cards imported from CSV in ${number(ms)} ms`,
  controllersUp: (names, ms) => `controllers ${names} started and ready to decide after ${number(ms)} ms`,
  listInForce: (version, ms) =>
    `signed list, version ${version}, reported in force by all of them after ${number(ms)} ms`,
  opened: (who, reader, ms) =>
    `${who} holds the card to ${reader}: opened after ${number(ms)} ms, recorded on disk first`,
  atGateway: (ms) => `the passage is at the gateway ${number(ms)} ms after the tap`,
  refused: (who, reader, reason) => `${who} at ${reader}: refused, ${reason}`,
  notTheirBuilding: 'a resident of another building',
  unknownCard: 'a card nobody knows',
  reportedLost: (who, confirmed, ms) =>
    `${who} reports the card lost: in force at ${confirmed} controllers ${number(ms)} ms after the call`,
  lostRefused: (reader, reason, ms) => `tapped at ${reader}: refused, ${reason}, ${number(ms)} ms after the report`,
  cut: (device) => `the cable of ${device} is pulled`,
  openedOffline: (count, ms) =>
    `${count} residents tap: all opened from the signed list, slowest after ${number(ms)} ms`,
  lostOffline: (reader) => `the lost card at ${reader}: still refused`,
  restored: (arrived, ms) => `cable back: ${arrived} events that waited are at the gateway after ${number(ms)} ms`,
  nothingLost: (passages) =>
    `${passages} times a gate opened, ${passages} passages at the gateway: none lost, none twice`,
  locksPaired: (count, ms) =>
    `${count} locks paired by the codes on their labels, with keys and lists, ${number(ms)} ms after their controller's start`,
  keychainOpened: (who, room, ms) =>
    `${who} opens ${room} from the keychain: the bolt says drawn ${number(ms)} ms after the confirmation`,
  tappedTwice: (times) => `the same confirmation sent again, over a bad network: opened ${times} time`,
  neighbourHasNone: 'a resident of another building has no key to it',
  roomByCard: (room) => `the corridor's cable is pulled: the card opens ${room} at the lock itself`,
  notReached: (state) => `the keychain says so at once: ${state}; and nothing opens later`,
  play: 'The campus stays up (Ctrl+C ends it). In a second terminal:',
};

export const ZH: TourText = {
  heading: { start: '校园启动', card: '刷卡进门', lost: '卡片挂失', offline: '网络中断', room: '自己的房门' },
  gatewayUp: (ms) => `网关启动完成，用时 ${number(ms)} 毫秒（试用根密钥在本机生成）`,
  imported: (people, ms) => `从 CSV 导入 ${people} 名住宿生及其校园卡，用时 ${number(ms)} 毫秒`,
  controllersUp: (names, ms) => `控制器 ${names} 启动，${number(ms)} 毫秒后可以独立判断`,
  listInForce: (version, ms) => `签名名单第 ${version} 版，全部控制器已报告生效，用时 ${number(ms)} 毫秒`,
  opened: (who, reader, ms) => `${who} 在 ${reader} 刷卡：${number(ms)} 毫秒后开门，记录先已落盘`,
  atGateway: (ms) => `刷卡后 ${number(ms)} 毫秒，通行记录到达网关`,
  refused: (who, reader, reason) => `${who} 在 ${reader} 刷卡：拒绝，${reason}`,
  notTheirBuilding: '别的楼的住宿生',
  unknownCard: '一张无人登记的卡',
  reportedLost: (who, confirmed, ms) => `${who} 挂失：${number(ms)} 毫秒后在 ${confirmed} 台控制器生效`,
  lostRefused: (reader, reason, ms) => `在 ${reader} 刷这张卡：拒绝，${reason}，距挂失 ${number(ms)} 毫秒`,
  cut: (device) => `拔掉 ${device} 的网线`,
  openedOffline: (count, ms) => `${count} 名住宿生刷卡：全部凭签名名单开门，最慢 ${number(ms)} 毫秒`,
  lostOffline: (reader) => `挂失卡在 ${reader}：仍然拒绝`,
  restored: (arrived, ms) => `网线接回：积压的 ${arrived} 条事件在 ${number(ms)} 毫秒后到达网关`,
  nothingLost: (passages) => `大门打开 ${passages} 次，网关有 ${passages} 条通行记录：不丢、不重`,
  locksPaired: (count, ms) =>
    `${count} 把门锁凭标签上的配对码完成配对，密钥和名单已就位，控制器启动后 ${number(ms)} 毫秒`,
  keychainOpened: (who, room, ms) => `${who} 用钥匙串打开 ${room}：确认后 ${number(ms)} 毫秒，锁舌传感器报告已缩回`,
  tappedTwice: (times) => `网络不好，同一次确认又发了一遍：只开了 ${times} 次`,
  neighbourHasNone: '别的楼的住宿生没有这把钥匙',
  roomByCard: (room) => `拔掉走廊控制器的网线：刷卡照样打开 ${room}`,
  notReached: (state) => `钥匙串立即说明：${state}；事后也不会再开`,
  play: '校园继续运行（Ctrl+C 结束）。在另一个终端里：',
};

/** By the usual environment variables of a terminal. */
export function tourText(environment: NodeJS.ProcessEnv): TourText {
  const language = environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'] || '';
  return language.toLowerCase().startsWith('zh') ? ZH : EN;
}
