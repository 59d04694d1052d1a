import { ZoomIn, ZoomOut } from "lucide-react";
import { type PointerEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, Sheet } from "@/design";
import { centred, clamped, draw, dragged, toJpeg, ZOOM_MAX } from "../crop";

const SHOWN = 288;
const STEP = 16;
const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [STEP, 0],
  ArrowRight: [-STEP, 0],
  ArrowUp: [0, STEP],
  ArrowDown: [0, -STEP],
};

interface CropSheetProps {
  picture: ImageBitmap;
  onClose: () => void;
  onUse: (blob: Blob) => void;
}

/** Choosing the square of a picture: drag, arrows, zoom. */
export function CropSheet({ picture, onClose, onUse }: CropSheetProps) {
  const { t } = useTranslation("identity");
  // The sheet draws its content a moment later, so the canvas is state and not a ref.
  const [canvas, setCanvas] = useState<HTMLCanvasElement | null>(null);
  const held = useRef<{ x: number; y: number } | null>(null);
  const [crop, setCrop] = useState(() => centred(picture));

  useEffect(() => {
    if (canvas !== null) draw(canvas, picture, crop);
  }, [canvas, picture, crop]);

  const move = (event: PointerEvent<HTMLCanvasElement>) => {
    if (held.current === null) return;
    const dx = event.clientX - held.current.x;
    const dy = event.clientY - held.current.y;
    held.current = { x: event.clientX, y: event.clientY };
    setCrop((old) => dragged(picture, old, dx, dy, SHOWN));
  };

  return (
    <Sheet
      open
      onOpenChange={onClose}
      title={t("picture.crop")}
      description={t("picture.crop_hint")}
      footer={
        <Button
          tone="primary"
          size="large"
          wide
          onClick={async () => onUse(await toJpeg(picture, crop))}
        >
          {t("picture.use")}
        </Button>
      }
    >
      <div className="flex flex-col items-center gap-5 pt-2">
        <canvas
          ref={setCanvas}
          width={SHOWN * 2}
          height={SHOWN * 2}
          tabIndex={0}
          role="img"
          aria-label={t("picture.crop")}
          style={{ width: SHOWN, height: SHOWN }}
          className="cursor-grab touch-none rounded-[36%] active:cursor-grabbing"
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            held.current = { x: event.clientX, y: event.clientY };
          }}
          onPointerMove={move}
          onPointerUp={() => {
            held.current = null;
          }}
          onPointerCancel={() => {
            held.current = null;
          }}
          onKeyDown={(event) => {
            const arrow = ARROWS[event.key];
            if (arrow === undefined) return;
            event.preventDefault();
            setCrop((old) => dragged(picture, old, arrow[0], arrow[1], SHOWN));
          }}
        />
        <div className="flex w-full max-w-72 items-center gap-3 text-text-3">
          <ZoomOut size={20} aria-hidden="true" />
          <input
            type="range"
            aria-label={t("picture.zoom")}
            min={1}
            max={ZOOM_MAX}
            step={0.02}
            value={crop.zoom}
            onChange={(event) => {
              const zoom = event.currentTarget.valueAsNumber;
              setCrop((old) => clamped(picture, { ...old, zoom }));
            }}
            className="h-11 flex-1 accent-(--tt-accent)"
          />
          <ZoomIn size={20} aria-hidden="true" />
        </div>
      </div>
    </Sheet>
  );
}
