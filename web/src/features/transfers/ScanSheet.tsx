import { ImageUp } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Banner, Button, Sheet } from "@/design";
import { qrReader, readPicture } from "./scan";

/** Between two looks at the camera's picture. */
const LOOK_MS = 150;

interface ScanSheetProps {
  onText: (text: string) => void;
  onClose: () => void;
}

/** Scan a QR code with the camera, or take it from a picture. */
export function ScanSheet({ onText, onClose }: ScanSheetProps) {
  const { t } = useTranslation("transfers");
  const video = useRef<HTMLVideoElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const [trouble, setTrouble] = useState<"camera" | "picture" | null>(null);
  const found = useRef(onText);
  useEffect(() => {
    found.current = onText;
  }, [onText]);
  useEffect(() => {
    const ended = new AbortController();
    watch(video, ended.signal, (text) => found.current(text)).catch(() => {
      if (!ended.signal.aborted) setTrouble("camera");
    });
    return () => ended.abort();
  }, []);
  const take = async (picture: File | undefined) => {
    if (picture === undefined) return;
    const text = await readPicture(picture);
    if (text === null) setTrouble("picture");
    else onText(text);
  };
  return (
    <Sheet open onOpenChange={onClose} title={t("scan.title")} description={t("scan.body")}>
      <div className="flex flex-col gap-4 pt-2">
        {trouble === "camera" ? (
          <Banner role="status">{t("scan.no_camera")}</Banner>
        ) : (
          <video
            ref={video}
            muted
            playsInline
            aria-label={t("scan.view")}
            className="aspect-square w-full rounded-card bg-sunken object-cover"
          />
        )}
        {trouble === "picture" && (
          <Banner tone="danger" role="alert">
            {t("scan.none")}
          </Banner>
        )}
        <input
          ref={file}
          type="file"
          accept="image/*"
          hidden
          onChange={(event) => void take(event.currentTarget.files?.[0])}
        />
        <Button size="large" wide icon={<ImageUp size={20} />} onClick={() => file.current?.click()}>
          {t("scan.picture")}
        </Button>
      </div>
    </Sheet>
  );
}

/** Look at the camera until a code is found or `ended`. Rejects where there is no camera to look through. */
async function watch(
  video: { readonly current: HTMLVideoElement | null },
  ended: AbortSignal,
  onText: (text: string) => void,
): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
  };
  try {
    const read = await qrReader();
    const shown = video.current;
    if (shown === null) return;
    shown.srcObject = stream;
    await shown.play();
    while (!ended.aborted) {
      const text = shown.videoWidth > 0 ? await read(shown, shown.videoWidth, shown.videoHeight) : null;
      if (text !== null) {
        onText(text);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    stop();
  }
}
