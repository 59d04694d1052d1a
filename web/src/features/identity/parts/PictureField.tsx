import { Camera } from "lucide-react";
import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar, Button, toast } from "@/design";
import { CropSheet } from "./CropSheet";

interface PictureFieldProps {
  id: string;
  name: string;
  /** What is shown now: an address of ours, or what was just chosen. */
  picture: string | Blob | null;
  onChange: (picture: Blob | null) => void;
}

/** My picture, large; pressing it chooses another. */
export function PictureField({ id, name, picture, onChange }: PictureFieldProps) {
  const { t } = useTranslation("identity");
  const field = useId();
  const file = useRef<HTMLInputElement>(null);
  const [bitmap, setBitmap] = useState<ImageBitmap | null>(null);
  const address = addressOf(picture);

  const open = async (chosen: File | undefined) => {
    if (chosen === undefined) return;
    try {
      setBitmap(await createImageBitmap(chosen));
    } catch {
      toast(t("picture.unreadable"), { tone: "danger" });
    }
  };
  const label = address === null ? t("picture.add") : t("picture.change");

  return (
    <div className="flex flex-col items-center gap-2">
      <button
        type="button"
        aria-label={label}
        onClick={() => file.current?.click()}
        className="group relative rounded-[36%]"
      >
        <Avatar id={id} name={name} picture={address} size={96} />
        <span
          aria-hidden="true"
          className="absolute -right-1 -bottom-1 flex size-9 items-center justify-center rounded-full border-[3px] border-surface bg-accent text-on-accent group-hover:bg-accent-hover"
        >
          <Camera size={17} />
        </span>
      </button>
      <input
        ref={file}
        id={field}
        type="file"
        accept="image/jpeg,image/png,image/webp"
        tabIndex={-1}
        aria-hidden="true"
        className="hidden"
        onChange={(event) => {
          void open(event.currentTarget.files?.[0]);
          // The same file may be chosen again.
          event.currentTarget.value = "";
        }}
      />
      {address !== null && (
        <Button tone="quiet" size="small" onClick={() => onChange(null)}>
          {t("picture.remove")}
        </Button>
      )}
      {bitmap !== null && (
        <CropSheet
          picture={bitmap}
          onClose={() => setBitmap(null)}
          onUse={(blob) => {
            onChange(blob);
            setBitmap(null);
          }}
        />
      )}
    </div>
  );
}

const addresses = new WeakMap<Blob, string>();

/** An address to show a picture by. A chosen picture keeps its own until the page is left: it is small. */
function addressOf(picture: string | Blob | null): string | null {
  if (!(picture instanceof Blob)) return picture;
  const address = addresses.get(picture) ?? URL.createObjectURL(picture);
  addresses.set(picture, address);
  return address;
}
