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
    message: '缺少管理员令牌，或令牌不正确。',
    fix: '请用网关数据目录中的令牌发送 “Authorization: Bearer …”。',
  },
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
  tooManyAttempts: { message: '来自该地址的失败次数过多。', fix: '请等待一分钟，并使用有效的令牌。' },
  internal: { message: '网关发生故障。', fix: '请把请求编号告知网关管理人员。' },
  notReady: { message: '网关尚未就绪。', fix: '请几秒后重试。' },
};
