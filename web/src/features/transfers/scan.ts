/**
 * Reading QR codes: from the camera, or from a picture. The browser's own reader is used where it has one,
 * else a decoder that is loaded now. Pictures never leave this device.
 */
const SIDE_MAX = 1600;

interface Detector {
  detect: (source: CanvasImageSource) => Promise<{ rawValue: string }[]>;
}

type DetectorClass = (new (options: { formats: string[] }) => Detector) & {
  getSupportedFormats: () => Promise<string[]>;
};

export type ReadCode = (source: CanvasImageSource, width: number, height: number) => Promise<string | null>;

/** A reader of QR codes; null is answered where there is none in the picture. */
export async function qrReader(): Promise<ReadCode> {
  const own = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
  if (own !== undefined && (await own.getSupportedFormats()).includes("qr_code")) {
    const detector = new own({ formats: ["qr_code"] });
    return async (source) => (await detector.detect(source))[0]?.rawValue ?? null;
  }
  const { default: decode } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return (source, width, height) => {
    const scale = Math.min(1, SIDE_MAX / Math.max(width, height));
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    context?.drawImage(source, 0, 0, canvas.width, canvas.height);
    const pixels = context?.getImageData(0, 0, canvas.width, canvas.height);
    try {
      return Promise.resolve(pixels === undefined ? null : decode(pixels));
    } catch {
      // It throws where it finds no code, which is most of the time.
      return Promise.resolve(null);
    }
  };
}

/** The code in a picture from the device; null where there is none that can be read. */
export async function readPicture(file: File): Promise<string | null> {
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return null;
  }
  try {
    return await (await qrReader())(picture, picture.width, picture.height);
  } finally {
    picture.close();
  }
}
