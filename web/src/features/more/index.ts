/** What the composition needs of More; its screens are loaded when they are opened. */
export { listenToMore } from "./events";
