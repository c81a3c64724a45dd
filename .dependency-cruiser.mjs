// SPDX-License-Identifier: Apache-2.0
// The walls of DESIGN 3: who may import whom. .ci/architecture.ts proves with a planted violation that they hold.
const TEST = '[.](test|property[.]test|contract|test-support)[.]tsx?$';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'protocols-stand-alone',
      comment: 'The wire contract imports no other package of ours.',
      severity: 'error',
      from: { path: '^protocols/', pathNot: TEST },
      to: { path: '^(controller|gateway|hardware-sim)/' },
    },
    {
      name: 'protocols-no-io',
      comment: 'Pure: no files, sockets, processes, timers.',
      severity: 'error',
      from: { path: '^protocols/', pathNot: TEST },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|util)$' },
    },
    {
      name: 'controller-and-gateway-meet-only-through-protocols',
      severity: 'error',
      from: { path: '^controller/' },
      to: { path: '^gateway/' },
    },
    {
      name: 'gateway-knows-no-controller',
      severity: 'error',
      from: { path: '^gateway/' },
      to: { path: '^controller/' },
    },
    {
      name: 'core-is-pure',
      comment: 'Core imports ports and protocols, never adapters, app or node I/O.',
      severity: 'error',
      from: { path: '^(controller|gateway)/src/core/', pathNot: TEST },
      to: { path: '^(controller|gateway)/src/(adapters|app|roles|http)/' },
    },
    {
      name: 'core-no-io',
      severity: 'error',
      from: { path: '^(controller|gateway)/src/core/', pathNot: TEST },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|util)$' },
    },
    {
      name: 'ports-know-no-adapter',
      severity: 'error',
      from: { path: '^(controller|gateway)/src/ports/', pathNot: TEST },
      to: { path: '^(controller|gateway)/src/(adapters|app|roles|http)/' },
    },
    {
      name: 'adapters-do-not-reach-up',
      severity: 'error',
      from: { path: '^(controller|gateway)/src/adapters/', pathNot: TEST },
      to: { path: '^(controller|gateway)/src/(app|roles|http)/' },
    },
    {
      name: 'web-meets-the-gateway-only-through-protocols',
      comment: 'Pages run in a browser: of the protocols they take the codes, the bytes they are made of, and types.',
      severity: 'error',
      from: { path: '^gateway/web/', pathNot: TEST },
      to: { path: '^(gateway/src|controller|hardware-sim|fixtures)/' },
    },
    {
      name: 'web-takes-only-types-of-other-protocols',
      comment: 'zod and whatever else the API is described with stay out of the pages.',
      severity: 'error',
      from: { path: '^gateway/web/', pathNot: TEST },
      to: {
        path: '^protocols/',
        pathNot: '^protocols/(codes/(pass-code|make-code|code-forms)|bytes/[^/]+|api/desk-terms)[.]ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'web-no-node',
      comment: 'The build (vite.config, its plugins) runs in Node, pages do not.',
      severity: 'error',
      from: { path: '^gateway/web/(ui|pass|console|desk)/', pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'gateway-imports-no-page',
      severity: 'error',
      from: { path: '^(protocols|controller|gateway/src|hardware-sim)/' },
      to: { path: '^gateway/web/', pathNot: TEST },
    },
    {
      name: 'production-never-imports-simulation',
      severity: 'error',
      from: { path: '^(protocols|controller|gateway)/', pathNot: TEST },
      to: { path: '^(hardware-sim|fixtures)/' },
    },
    {
      name: 'native-packages-only-in-adapters',
      severity: 'error',
      from: { pathNot: ['/adapters/', '^hardware-sim/', TEST] },
      to: { path: 'node_modules/(nfc-pcsc|onoff|@abandonware|better-sqlite3|serialport)/' },
    },
    {
      name: 'no-undeclared',
      severity: 'error',
      from: { pathNot: TEST },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['latchkey-source', 'import', 'node', 'default', 'types'],
    },
  },
};
