// SPDX-License-Identifier: Apache-2.0
// Holds the committed document to the schemas. Made anew with: npx vitest run protocols/mqtt/asyncapi.test.ts -u
import { describe, expect, it } from 'vitest';
import { asyncApiDocument } from './asyncapi.ts';
import { DOWN, UP } from './topics.ts';

const document = asyncApiDocument() as {
  channels: Record<string, { address: string; messages: Record<string, { $ref: string }> }>;
  operations: Record<string, { channel: { $ref: string } }>;
  components: { messages: Record<string, { payload: { $schema?: string } }> };
};

describe('AsyncAPI document', () => {
  it('is committed as the schemas are now', async () => {
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot('./asyncapi.json');
  });
  it('has a channel, an operation and a message for every topic', () => {
    const names = [...UP.map((kind) => `up-${kind}`), ...DOWN.map((kind) => `dn-${kind}`), 'bc'].sort();
    expect(Object.keys(document.channels).sort()).toEqual(names);
    expect(Object.keys(document.operations).sort()).toEqual(names);
    expect(Object.keys(document.components.messages).sort()).toEqual(names);
  });
  it('refers only to what it holds', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path]) => path as string,
    );
    expect(references.length).toBeGreaterThan(40);
    for (const path of references) {
      const found = path.split('/').reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document);
      expect(found, path).toBeDefined();
    }
  });
});
