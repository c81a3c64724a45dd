// SPDX-License-Identifier: Apache-2.0
// Money taken at the counter, told to the library's system. Nothing here moves money.
import type { DeskPatron } from '@latchkey/protocols/api/desk';
import { useState } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { useApp, useWords } from './model/app.ts';

const AMOUNT = /^\d{1,7}(?:\.\d{1,2})?$/;
const WAYS = ['cash', 'creditCard', 'visa'] as const;

interface PaymentFormProps {
  readonly session: string;
  readonly fees: NonNullable<DeskPatron['fees']>;
}

export function PaymentForm({ session, fees }: PaymentFormProps) {
  const app = useApp();
  const words = useWords();
  const [isOpen, setOpen] = useState(false);
  const [amount, setAmount] = useState(fees.amount);
  const [payment, setPayment] = useState<(typeof WAYS)[number]>('cash');
  const [isWrong, setWrong] = useState(false);
  if (!isOpen)
    return (
      <Button kind="plain" onClick={() => setOpen(true)}>
        {words.press.pay}
      </Button>
    );
  const submit = async () => {
    const isRight = AMOUNT.test(amount.trim());
    setWrong(!isRight);
    if (isRight && (await app.act({ kind: 'pay-fee', session, amount: amount.trim(), payment }))) setOpen(false);
  };
  return (
    <form
      class="stack pay"
      aria-label={words.pay.title}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Field
        label={words.pay.amount}
        hint={words.pay.amountHint}
        wrong={isWrong ? words.pay.wrong : undefined}
        value={amount}
        name="amount"
        autocomplete="off"
        onInput={setAmount}
      />
      <fieldset class="taking" aria-label={words.pay.how}>
        {WAYS.map((way) => (
          <button
            key={way}
            type="button"
            aria-pressed={way === payment ? 'true' : 'false'}
            onClick={() => setPayment(way)}
          >
            {words.pay[way]}
          </button>
        ))}
      </fieldset>
      <div class="buttons">
        <Button type="submit">{words.pay.submit}</Button>
        <Button kind="plain" onClick={() => setOpen(false)}>
          {words.close}
        </Button>
      </div>
    </form>
  );
}
