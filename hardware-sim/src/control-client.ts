// SPDX-License-Identifier: Apache-2.0
// Asks the control API of a running simulated campus.
import { ControlError } from './control-commands.ts';

export interface ControlRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
}

export async function askCampus(baseUrl: string, { method, path, body }: ControlRequest): Promise<unknown> {
  const response = await fetch(new URL(path, baseUrl), {
    method,
    ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
  }).catch((error: unknown) => {
    throw new ControlError(`no simulated campus answers at ${baseUrl}; start one with "npm start"`, { cause: error });
  });
  const answer = (await response.json()) as { error?: string };
  if (!response.ok) throw new ControlError(answer.error ?? `the campus answered ${response.status}`);
  return answer;
}
