// SPDX-License-Identifier: Apache-2.0
// Why a library's server cannot be reached, in words with the fix.
import { UntrustedError } from './sip2-socket.ts';

const TROUBLES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; check host and port, and whether its SIP2 service runs',
  ENOTFOUND: 'there is no host of this name; check the name',
  EAI_AGAIN: 'the name cannot be looked up now; check the name and the DNS of this machine',
  EHOSTUNREACH: 'there is no way to this host; check address and network',
  ENETUNREACH: 'there is no way to this network; check address and network',
  ETIMEDOUT: 'it does not answer; check address, port and firewalls between',
  ECONNRESET:
    'it broke the connection; it may take this machine for a stranger (its list of allowed addresses), or speak TLS only',
  EPROTO: 'it speaks no TLS at this port; leave TLS out, or use the port of its TLS service',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it speaks no TLS at this port; leave TLS out, or use the port of its TLS service',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it signed its certificate itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'an authority that this machine does not know signed its certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'an authority that this machine does not know signed its certificate',
  UNABLE_TO_GET_ISSUER_CERT: 'an authority that this machine does not know signed its certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'an authority that this machine does not know signed its certificate',
  CERT_HAS_EXPIRED: 'its certificate has expired; whoever runs it has to renew it',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the clock of this machine',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name; give that name as server name',
  ENOENT: 'a certificate or key file is not there; check its path',
  EACCES: 'a certificate or key file may not be read; check its permissions',
};

const UNKNOWN_SIGNER = /SELF_SIGNED|UNABLE_TO/;

export function troubleText(error: unknown): string {
  const { message, code = '' } = error as NodeJS.ErrnoException;
  const text = TROUBLES[code] ?? (code.startsWith('ERR_SSL') ? `TLS failed (${code})` : message);
  if (!(error instanceof UntrustedError) || !UNKNOWN_SIGNER.test(code)) return text;
  const { fingerprint256 } = error.shown;
  return `${text}; name the authority's file (ca), or, if whoever runs it confirms it, the fingerprint ${fingerprint256}`;
}
