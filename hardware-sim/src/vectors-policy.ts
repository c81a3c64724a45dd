// SPDX-License-Identifier: Apache-2.0
// Policy of the authorisation vectors, as the very text that is hashed: members in alphabetical order, no spaces.
const ALWAYS =
  '{"id":"always","intervals":[{"days":[1,2,3,4,5,6,7],"from":"00:00","until":"24:00"}],"onHolidays":"as-usual"}';
const NIGHT =
  '{"id":"night","intervals":[{"days":[1,2,3,4,5,6,7],"from":"22:00","until":"06:00"}],"onHolidays":"closed"}';
const GATE =
  '{"afterExpiry":"keep-residents","antiPassback":{"in":"dormitory","mode":"soft","out":"outside"},"askGateway":true,' +
  '"assurance":[{"class":"authenticated-card","schedule":1}],"id":"north-gate"}';
const RESIDENT = '{"kind":"resident","rules":[{"portals":[0],"schedule":0}]}';
const VISITOR = '{"kind":"visitor","rules":[{"directions":["in"],"portals":[0],"schedule":0,"untilMinute":29922060}]}';

export const POLICY_TEXT =
  `{"format":1,"holidays":["2026-10-01"],"portals":[${GATE}],"profiles":[${RESIDENT},${VISITOR}],` +
  `"schedules":[${ALWAYS},${NIGHT}],"timeZone":"Asia/Shanghai"}`;
