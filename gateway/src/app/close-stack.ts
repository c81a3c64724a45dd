// SPDX-License-Identifier: Apache-2.0
// Closes what was opened, last first, each once; one that fails does not keep the others open.

export interface CloseStack {
  add(name: string, close: () => Promise<void> | void): void;
  close(): Promise<void>;
}

export function createCloseStack(failed: (name: string, error: unknown) => void): CloseStack {
  const open: { name: string; close: () => Promise<void> | void }[] = [];
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      try {
        await next.close();
      } catch (error) {
        failed(next.name, error);
      }
    }
  };
  return {
    add: (name, close) => void open.push({ name, close }),
    close: () => (closing ??= closeAll()),
  };
}
