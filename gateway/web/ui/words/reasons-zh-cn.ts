// SPDX-License-Identifier: Apache-2.0
// Chinese words for every reason of refusal.
import type { ReasonWords } from './reason-words.ts';

const CARD_OFFICE = '请到校园卡中心处理。';

export const reasons: ReasonWords = {
  CredentialNotEnabled: { name: '未启用', meaning: '这张卡或这部手机尚未启用。', advice: CARD_OFFICE },
  CredentialNotActive: { name: '尚未生效', meaning: '通行权限还没有到开始时间。', advice: '请等到生效日期后再试。' },
  CredentialExpired: {
    name: '已过期',
    meaning: '通行权限的有效期已过。',
    advice: '如果你仍在校，请联系院系或校园卡中心续期。',
  },
  InvalidPIN: { name: '密码不对', meaning: '门口输入的密码不正确。', advice: '请重新输入；忘记密码请联系校园卡中心。' },
  NotPermittedAtThisTime: {
    name: '不在开放时间',
    meaning: '你有权限，但不在这个时间段。',
    advice: '请在开放时间内通行；有急事请联系值班人员。',
  },
  Unauthorized: {
    name: '没有权限',
    meaning: '这扇门不在你的通行范围内。',
    advice: '如果你应当有权限，请联系楼栋管理员。',
  },
  AntipassbackViolation: {
    name: '进出次序不符',
    meaning: '上一次进入后没有刷出，或上一次离开后没有刷入。',
    advice: '请先在出口刷一次；仍不行请找值班人员。',
  },
  UnknownCredential: {
    name: '不认识',
    meaning: '门口不认识这张卡或这部手机。',
    advice: '刚启用的手机请连网打开本页，稍等片刻再试；卡请到校园卡中心核对。',
  },
  CredentialDenied: {
    name: '已停用',
    meaning: '这张卡已挂失、冻结或注销，或这部手机已被更换。',
    advice: '找回的卡可在“校园卡”页面取消挂失；否则请到校园卡中心。',
  },
  AssuranceTooLow: {
    name: '需要更可靠的凭证',
    meaning: '这个时间段此门不接受这种卡。',
    advice: '请改用本页的通行码，或到校园卡中心换新卡。',
  },
  DoorNotAccessible: {
    name: '此门已关闭',
    meaning: '此门已被锁闭，暂不能通行。',
    advice: '请走其他门，或询问值班人员。',
  },
  ListMissing: { name: '门禁未就绪', meaning: '这台门禁还没有名单。', advice: '请走其他门，并告知值班人员。' },
  ListExpired: { name: '门禁名单过期', meaning: '这台门禁太久没有更新名单。', advice: '请走其他门，并告知值班人员。' },
  GatewayUnreachable: {
    name: '网络无应答',
    meaning: '此门需要联网确认，但没有得到应答。',
    advice: '请改用校园卡，或稍后再试。',
  },
  CodeUnreadable: {
    name: '码无法识别',
    meaning: '扫到的不是可识别的通行码。',
    advice: '请调亮屏幕，让整个码平放在扫码窗前；确认打开的是通行码。',
  },
  CodeExpired: {
    name: '码已过期',
    meaning: '码生成得太早：可能是截图，或手机时间慢了。',
    advice: '请出示本页实时的码；并把手机时间设为自动。',
  },
  CodeFromFuture: {
    name: '手机时间偏快',
    meaning: '码的时间在未来：手机时间快了。',
    advice: '请把手机时间设为自动，再试一次。',
  },
  CodeReplayed: { name: '码已用过', meaning: '这个码或更新的码已经用过。', advice: '请等几秒，出示下一个码。' },
  CodeWrongZone: {
    name: '不是此处的码',
    meaning: '这个码是给另一处的门用的。',
    advice: '请在通行码上方选择你所在的地点。',
  },
  CodeForged: {
    name: '码无效',
    meaning: '码的签名没有通过验证。',
    advice: '请重新启用这部手机；仍不行请联系校园卡中心。',
  },
  CodeClockUnsure: {
    name: '门禁时间不准',
    meaning: '这台门禁暂时无法确定时间，不能核对普通通行码。',
    advice: '请改用校园卡；门口屏幕显示二维码时，也可点“回答门口的二维码”。',
  },
  CodeNeedsNetwork: {
    name: '需要网络',
    meaning: '其他应用的码要联网核对，现在门口没有网络。',
    advice: '请出示本页的通行码，或刷校园卡。',
  },
  CodeNotRecognised: {
    name: '码不被认可',
    meaning: '其他应用的系统不认识这个码。',
    advice: '请出示本页的通行码，或刷校园卡。',
  },
  ResolverUnavailable: {
    name: '其他应用无应答',
    meaning: '那个应用的系统现在没有应答。',
    advice: '请出示本页的通行码，或刷校园卡。',
  },
  PaymentCodeNotAccepted: {
    name: '不收付款码',
    meaning: '支付宝、云闪付的付款码不能开门。',
    advice: '请关闭付款码，出示本页的通行码。',
  },
};
