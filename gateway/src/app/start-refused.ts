// SPDX-License-Identifier: Apache-2.0
// The gateway will not start, for a reason a person can do something about.

export class StartRefused extends Error {
  readonly fix: string | undefined;
  constructor(message: string, fix?: string) {
    super(message);
    this.name = 'StartRefused';
    this.fix = fix;
  }
}
