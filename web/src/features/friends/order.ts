import type { Friend } from "@/lib/wire";

/** Friends as a list shows them: by name, as the language sorts, Hangul before Latin in Korean. */
export function byName(friends: readonly Friend[], language: string): Friend[] {
  const order = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  return [...friends].sort(
    (a, b) => order.compare(a.person.name, b.person.name) || (a.person.id < b.person.id ? -1 : 1),
  );
}

/** The 19 initial consonants in the order Unicode composes syllables of. */
const INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const HANGUL_FIRST = 0xac00;
const HANGUL_LAST = 0xd7a3;
const SYLLABLES_PER_INITIAL = 588;

function initials(text: string): string {
  return Array.from(text, (letter) => {
    const code = letter.charCodeAt(0);
    if (code < HANGUL_FIRST || code > HANGUL_LAST) return letter;
    return INITIALS[Math.floor((code - HANGUL_FIRST) / SYLLABLES_PER_INITIAL)] ?? letter;
  }).join("");
}

/** Whether a name is looked for: by part, in any case, or by its initial consonants (“ㅁㄴ” finds 미나). */
export function matches(name: string, wanted: string): boolean {
  const [plain, search] = [name, wanted].map((text) =>
    text.normalize("NFC").toLocaleLowerCase().replaceAll(/\s/g, ""),
  ) as [string, string];
  return plain.includes(search) || initials(plain).includes(search);
}
