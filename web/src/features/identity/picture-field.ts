/** My picture and its cropping, for other features. Apart from `index.ts`: the first screen does not need it. */
export { PictureField } from "./parts/PictureField";
