/**
 * Phone numbers as people type and read them. Holds 80 kB of numbering plans: import it only from
 * screens that are loaded when needed.
 */
import {
  AsYouType,
  type CountryCode,
  getCountries,
  getCountryCallingCode,
  parsePhoneNumberFromString,
} from "libphonenumber-js/min";

export type Region = CountryCode;

export const HOME_REGION: Region = "KR";

/** Shown first in the picker, in this order. */
const FREQUENT: readonly Region[] = ["KR", "US", "JP", "VN", "PH", "SG"];

/** Korea by the device's time zone; else the country its languages name; else Korea. */
export function guessRegion(
  timeZone: string = Intl.DateTimeFormat().resolvedOptions().timeZone,
  languages: readonly string[] = navigator.languages,
): Region {
  if (timeZone === "Asia/Seoul") return HOME_REGION;
  const known = new Set<string>(getCountries());
  for (const tag of languages) {
    const { region } = new Intl.Locale(tag);
    if (region !== undefined && known.has(region)) return region as Region;
  }
  return HOME_REGION;
}

export interface RegionChoice {
  region: Region;
  name: string;
  calling: string;
}

/** Every country with its name in `language`: frequent ones first, the rest by name. */
export function regionChoices(language: string): RegionChoice[] {
  const names = new Intl.DisplayNames(language, { type: "region" });
  const choice = (region: Region): RegionChoice => ({
    region,
    name: names.of(region) ?? region,
    calling: `+${getCountryCallingCode(region)}`,
  });
  const rest = getCountries()
    .filter((region) => !FREQUENT.includes(region))
    .map(choice)
    .sort((a, b) => a.name.localeCompare(b.name, language));
  return [...FREQUENT.map(choice), ...rest];
}

export function callingCode(region: Region): string {
  return `+${getCountryCallingCode(region)}`;
}

/** Formatted while typing; a number that begins with + is read as international. */
export function formatTyped(text: string, region: Region): string {
  const digits = text.replaceAll(/[^\d+]/g, "");
  return new AsYouType(digits.startsWith("+") ? undefined : region).input(digits);
}

/** Emergency and service numbers are shorter than any that can receive a code. */
const DIGITS_MIN = 7;

/** Whether this can be somebody's whole number; the server has the last word. */
export function looksComplete(text: string, region: Region): boolean {
  const number = parsePhoneNumberFromString(text, region);
  return number?.isPossible() === true && number.nationalNumber.length >= DIGITS_MIN;
}

/** An E.164 number as people write it: national at home, international elsewhere. */
export function formatPhone(e164: string): string {
  const number = parsePhoneNumberFromString(e164);
  if (number === undefined) return e164;
  return number.country === HOME_REGION ? number.formatNational() : number.formatInternational();
}
