/**
 * The phone field for other features. Apart from `index.ts`, because it carries the numbering plans,
 * which the first screen does not need.
 */
export { PhoneField } from "./parts/PhoneField";
