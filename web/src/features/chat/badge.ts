/** The number of unread messages on the page's title and icon, and on the installed app's. */
import { rooms } from "./chat";
import { unreadTotal } from "./hooks";

const ICON_SIZE = 64;
const COUNT_MAX = 99;

/** Keep the badge true; the answer stops it and takes the badge away. */
export function watchBadge(): () => void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const plain = link?.getAttribute("href") ?? null;
  const title = document.title.replace(/^\(\d+\+?\) /, "");
  let shown = 0;
  const show = (count: number): void => {
    if (count === shown) return;
    shown = count;
    const text = count > COUNT_MAX ? `${COUNT_MAX}+` : String(count);
    document.title = count === 0 ? title : `(${text}) ${title}`;
    if (link !== null && plain !== null) {
      if (count === 0) link.href = plain;
      else void dotted(plain).then((href) => (shown > 0 && href !== null ? (link.href = href) : null));
    }
    // Installed apps only; a browser that has no badge, or no right to one, leaves it.
    if ("setAppBadge" in navigator) {
      void (count === 0 ? navigator.clearAppBadge() : navigator.setAppBadge(count)).catch(() => undefined);
    }
  };
  const unsubscribe = rooms.subscribe(() => show(unreadTotal()));
  show(unreadTotal());
  return () => {
    unsubscribe();
    show(0);
  };
}

let drawn: Promise<string | null> | null = null;

/** The icon with a dot, as a data address; null where it cannot be drawn. */
function dotted(source: string): Promise<string | null> {
  drawn ??= new Promise((resolve) => {
    const image = new Image(ICON_SIZE, ICON_SIZE);
    image.onerror = () => resolve(null);
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = ICON_SIZE;
      canvas.height = ICON_SIZE;
      const context = canvas.getContext("2d");
      if (context === null) {
        resolve(null);
        return;
      }
      context.drawImage(image, 0, 0, ICON_SIZE, ICON_SIZE);
      const radius = ICON_SIZE / 4;
      context.beginPath();
      context.arc(ICON_SIZE - radius, radius, radius, 0, 2 * Math.PI);
      context.fillStyle = "#e5484d";
      context.fill();
      resolve(canvas.toDataURL("image/png"));
    };
    image.src = source;
  });
  return drawn;
}
