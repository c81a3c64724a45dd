// SPDX-License-Identifier: Apache-2.0
// Chooses the language; each is named in itself.
import { LANGUAGE_NAMES, LANGUAGES, type Language } from './language.ts';

interface LanguageSwitchProps {
  readonly label: string;
  readonly chosen: Language;
  readonly onChoose: (language: Language) => void;
}

export function LanguageSwitch({ label, chosen, onChoose }: LanguageSwitchProps) {
  return (
    <fieldset class="languages" aria-label={label}>
      {LANGUAGES.map((language) => (
        <button
          key={language}
          type="button"
          lang={language}
          aria-pressed={language === chosen ? 'true' : 'false'}
          onClick={() => onChoose(language)}
        >
          {LANGUAGE_NAMES[language]}
        </button>
      ))}
    </fieldset>
  );
}
