// SPDX-License-Identifier: Apache-2.0
// From a process of a reader or a radio to its controller. One that was killed hears nothing more: without somebody to take the
// error, the last message to it would end this process with a stack trace instead of its "disconnect".
export const tellParent = (message: object): void =>
  void process.send?.(message, undefined, undefined, () => undefined);
