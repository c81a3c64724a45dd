// SPDX-License-Identifier: Apache-2.0
// Chinese words every page shares: buttons, errors, reasons of refusal. It is the shape the English catalogue must have.
import type { ErrorWords } from './error-words.ts';
import { reasons } from './reasons-zh-cn.ts';

const errors: ErrorWords = {
  offline: '现在没有网络。请检查网络后重试。',
  unexpected: '出了点问题，请稍后重试。',
  'invalid-request': '填写的内容有误，请检查后重试。',
  'malformed-body': '请求无法读取，请刷新页面后重试。',
  'invalid-cursor': '列表已更新，请刷新页面。',
  'invalid-card-number': '这不是有效的卡号。',
  'ambiguous-card-number': '这个卡号有多种读法，请注明格式。',
  unauthenticated: '登录已过期，请重新登录。',
  'sign-in-refused': '登录未成功，请检查学号（工号）和密码。忘记密码请到发放单位重置。',
  'two-identities': '同时存在两种身份，请退出后重新登录。',
  'cross-site': '请求不是由本页面发出的，请重新打开页面后再试。',
  'must-change-password': '请先修改初始密码。',
  'only-for-people': '请以个人身份登录。',
  'sign-in-again': '请退出后重新登录，并在十五分钟内再试。',
  'code-refused': '代码有误、已使用或已过期。',
  'route-not-found': '服务器没有这项功能，可能需要更新。',
  'not-found': '没有找到。它可能已被删除，请刷新页面。',
  conflict: '与现有情况冲突，请刷新页面后重试。',
  'already-exists': '已经存在同名的项目。',
  'in-use': '仍在使用中。',
  'wrong-state': '当前状态不允许这样做，请刷新页面。',
  'device-offline': '控制器未连接。',
  'body-too-large': '内容太大。',
  'unsupported-media-type': '不支持这种内容格式。',
  'unknown-reference': '提到的内容不存在，请刷新页面后重试。',
  'import-refused': '文件有错误，没有导入任何内容。',
  'not-allowed-here': '这里不允许这样做。',
  'too-many-attempts': '尝试次数太多，请一分钟后再试。',
  internal: '服务器出错，请稍后重试。',
  'not-ready': '服务器正在启动，请稍后重试。',
  'too-many-streams': '打开的页面太多，请关闭一个后重试。',
  forbidden: '您无权进行此操作。',
  busy: '服务器正忙，请稍后重试。',
};

export const zhCn = {
  language: '语言',
  close: '关闭',
  cancel: '取消',
  back: '返回',
  retry: '重试',
  loading: '正在加载',
  more: '更多',
  errors,
  reasons,
};
export type SharedWords = typeof zhCn;
