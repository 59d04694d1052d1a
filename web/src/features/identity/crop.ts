/** The square of a picture that becomes a profile picture: pure geometry, in the picture's own pixels. */
export interface Size {
  width: number;
  height: number;
}

export interface Crop {
  /** Centre. */
  x: number;
  y: number;
  /** 1 shows the largest square that fits; 4 a quarter of its side. */
  zoom: number;
}

export const ZOOM_MAX = 4;
/** The side of what is sent, at most. */
export const SIDE_MAX = 512;

/** Side of the shown square. */
export function sideOf(size: Size, crop: Crop): number {
  return Math.min(size.width, size.height) / crop.zoom;
}

/** The same crop, moved and limited so that the square stays inside the picture. */
export function clamped(size: Size, crop: Crop): Crop {
  const zoom = Math.min(Math.max(crop.zoom, 1), ZOOM_MAX);
  const half = sideOf(size, { ...crop, zoom }) / 2;
  const within = (value: number, length: number) =>
    Math.min(Math.max(value, half), Math.max(half, length - half));
  return { x: within(crop.x, size.width), y: within(crop.y, size.height), zoom };
}

/** The largest square in the middle. */
export function centred(size: Size): Crop {
  return { x: size.width / 2, y: size.height / 2, zoom: 1 };
}

/** Moved by a drag of (dx, dy) on a preview of `shown` pixels. */
export function dragged(size: Size, crop: Crop, dx: number, dy: number, shown: number): Crop {
  const scale = sideOf(size, crop) / shown;
  return clamped(size, { ...crop, x: crop.x - dx * scale, y: crop.y - dy * scale });
}

/** Draw the square onto a canvas of any size. */
export function draw(canvas: HTMLCanvasElement, picture: ImageBitmap, crop: Crop): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const side = sideOf(picture, crop);
  context.imageSmoothingQuality = "high";
  // A transparent picture gets a white ground: JPEG has no transparency.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  const left = crop.x - side / 2;
  const top = crop.y - side / 2;
  context.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
}

const JPEG_QUALITY = 0.86;

/** The square as a JPEG of at most `SIDE_MAX` pixels; never larger than it was. */
export async function toJpeg(picture: ImageBitmap, crop: Crop): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.max(16, Math.min(SIDE_MAX, Math.round(sideOf(picture, crop))));
  draw(canvas, picture, crop);
  return await new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => {
        if (blob === null) reject(new Error("the canvas gave no picture"));
        else resolve(blob);
      },
      "image/jpeg",
      JPEG_QUALITY,
    );
  });
}
