/** Payments that are asked for again when they are due. */
export { listenToSchedules } from "./events";
