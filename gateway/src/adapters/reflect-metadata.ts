// SPDX-License-Identifier: Apache-2.0
// The few functions of the metadata proposal that the container inside @peculiar/x509 asks for when it is loaded. Import this
// before that package.

type Table = Map<unknown, unknown>;

const table = new WeakMap<object, Table>();

function lookUp(key: unknown, target: object): unknown {
  for (let at: object | null = target; at !== null; at = Reflect.getPrototypeOf(at)) {
    if (table.get(at)?.has(key) === true) return table.get(at)?.get(key);
  }
  return undefined;
}

const metadata = {
  getOwnMetadata: (key: unknown, target: object) => table.get(target)?.get(key),
  getMetadata: lookUp,
  hasOwnMetadata: (key: unknown, target: object) => table.get(target)?.has(key) ?? false,
  defineMetadata(key: unknown, value: unknown, target: object) {
    const own = table.get(target) ?? new Map<unknown, unknown>();
    table.set(target, own.set(key, value));
  },
  metadata: () => () => undefined,
};

// Another provider, where there is one, knows more.
if (!('getMetadata' in Reflect)) Object.assign(Reflect, metadata);
