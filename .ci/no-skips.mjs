// SPDX-License-Identifier: Apache-2.0
// Reads vitest's JSON report, fails on any skipped test or on none at all, and closes with the counts.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const tests = report.testResults.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })));
const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
for (const { file, fullName } of skipped) console.error(`skipped: ${file}: ${fullName}`);
const passed = tests.filter(({ status }) => status === 'passed').length;
const failed = tests.filter(({ status }) => status === 'failed').length;
console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
process.exit(passed > 0 && failed === 0 && skipped.length === 0 && report.success ? 0 : 1);
