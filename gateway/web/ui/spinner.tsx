// SPDX-License-Identifier: Apache-2.0
// Waiting, with words.

export function Spinner({ label }: { readonly label: string }) {
  return (
    <div class="waiting" role="status">
      <span class="spinner" />
      <span>{label}</span>
    </div>
  );
}
