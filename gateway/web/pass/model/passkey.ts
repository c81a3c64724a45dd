// SPDX-License-Identifier: Apache-2.0
// Passkeys: signing in with one, adding one. Loaded only when somebody asks for it.
import type { Me } from '@latchkey/protocols/api/sign-in';
import { startAuthentication, startRegistration } from '@simplewebauthn/browser';
import type { ApiAnswer, ApiClient } from '../../ui/api-client.ts';

interface Flow<Options> {
  readonly flow: string;
  readonly options: Options;
}
type AskOptions = Parameters<typeof startAuthentication>[0]['optionsJSON'];
type MakeOptions = Parameters<typeof startRegistration>[0]['optionsJSON'];

/** What the browser refuses or the person cancels is no error to show: they know. */
async function orCancelled<T>(dialog: Promise<T>): Promise<T | 'cancelled'> {
  try {
    return await dialog;
  } catch {
    return 'cancelled';
  }
}

export async function askPasskey(api: ApiClient): Promise<ApiAnswer<Me> | 'cancelled'> {
  const begun = await api.send<Flow<AskOptions>>('POST', '/v1/sign-in/passkey/options', {});
  if (!begun.ok) return begun;
  const response = await orCancelled(startAuthentication({ optionsJSON: begun.value.options }));
  if (response === 'cancelled') return response;
  return api.send<Me>('POST', '/v1/sign-in/passkey', { flow: begun.value.flow, response });
}

export async function addPasskey(api: ApiClient, name: string): Promise<ApiAnswer<unknown> | 'cancelled'> {
  const begun = await api.send<Flow<MakeOptions>>('POST', '/v1/me/passkeys/options', {});
  if (!begun.ok) return begun;
  const response = await orCancelled(startRegistration({ optionsJSON: begun.value.options }));
  if (response === 'cancelled') return response;
  return api.send('POST', '/v1/me/passkeys', { flow: begun.value.flow, response, name });
}
