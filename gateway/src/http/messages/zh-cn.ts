// SPDX-License-Identifier: Apache-2.0
// Chinese messages of the API's errors (the default language).
import type { Catalogue } from './catalogue.ts';

export const zhCn: Catalogue = {
  invalidRequest: { message: '请求中有字段不符合要求。', fix: '请更正所指的字段。' },
  malformedBody: { message: '无法读取请求内容。', fix: '请发送有效的 JSON，并使用 content-type application/json。' },
  invalidCursor: { message: '该游标不是本网关给出的。', fix: '请去掉游标，从头查询。' },
  invalidCardNumber: { message: '这不是有效的卡号。', fix: '请按卡面填写号码，并注明其形式。' },
  ambiguousCardNumber: { message: '该卡号有多种读法。', fix: '请注明其形式，例如 decimal-reversed。' },
  unauthenticated: {
    message: '尚未登录，或管理员令牌不正确。',
    fix: '请先登录；程序请用网关数据目录中的令牌发送 “Authorization: Bearer …”。',
  },
  signInRefused: { message: '登录未成功。', fix: '请核对学号（工号）和密码；忘记密码请到发放部门重置。' },
  twoIdentities: { message: '请求同时带有会话和令牌。', fix: '请只发送其中之一：一个请求只能有一个发送者。' },
  crossSite: {
    message: '该更改不是由本站页面发起的。',
    fix: '请重新打开页面后再试；程序请发送 /v1/me 给出的 x-latchkey-csrf。',
  },
  forbidden: { message: '您的角色无权进行此操作。', fix: '如有需要，请管理员授予相应楼栋的角色。' },
  mustChangePassword: { message: '须先修改初始密码。', fix: '请设置您自己的密码；在此之前不能进行其他操作。' },
  signInAgain: { message: '此操作须在刚登录后进行。', fix: '请退出后重新登录，并在十五分钟内再试。' },
  onlyForPeople: { message: '此处只涉及登录者本人，令牌不代表任何人。', fix: '请以个人身份登录。' },
  codeRefused: { message: '注册码错误、已使用或已过期。', fix: '请重新生成：latchkey device add <id>' },
  routeNotFound: { message: '本接口没有这个地址。', fix: '请查看 /v1/openapi.json。' },
  notFound: { message: '没有找到该对象。', fix: '请核对标识，或先列出现有对象。' },
  conflict: { message: '所做更改与现有内容冲突。', fix: '请读取当前状态后重试。' },
  alreadyExists: { message: '同名对象已存在。', fix: '请换一个标识，或修改已有对象。' },
  inUse: { message: '该对象仍在使用中。', fix: '请先删除引用它的内容。' },
  wrongState: { message: '当前状态不允许此操作。', fix: '请查看其状态，选择其他操作。' },
  deviceOffline: { message: '控制器未连接。', fix: '请检查其电源和网络。瞬时开门命令不会留到以后执行。' },
  bodyTooLarge: { message: '请求内容过大。', fix: '请分成较小的部分发送。' },
  unsupportedMediaType: { message: '此处不支持该内容类型。', fix: '请使用 application/json；导入请使用 text/csv。' },
  unknownReference: { message: '请求引用了不存在的对象。', fix: '请先创建该对象。' },
  importRefused: { message: '文件有错误，未应用其中任何内容。', fix: '请更正所列的行后重新发送。' },
  notAllowedHere: { message: '此处不能这样设置。', fix: '请更正所指的字段。' },
  tooManyAttempts: {
    message: '失败次数过多。',
    fix: '请稍后再试，或换一种登录方式，或使用以前登录过的设备。',
  },
  tooManyStreams: { message: '打开的实时事件流太多。', fix: '请关闭一个，或稍后再试。' },
  busy: { message: '此刻登录的人太多。', fix: '请几秒后重试。' },
  internal: { message: '网关发生故障。', fix: '请把请求编号告知网关管理人员。' },
  notReady: { message: '网关尚未就绪。', fix: '请几秒后重试。' },
};
