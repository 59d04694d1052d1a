import { useEffect, useState } from "react";

/** Less than this is a browser's bar, not a keyboard. */
const KEYBOARD_MIN_PX = 80;

/**
 * How much of the page the phone's keyboard covers, in pixels.
 *
 * Browsers that make the page smaller for the keyboard (`interactive-widget=resizes-content`) answer
 * 0. Safari lays the keyboard over the page and scrolls the page under it; then the room makes way
 * itself, and the page is put back.
 */
export function useKeyboardInset(): number {
  const [inset, setInset] = useState(0);
  useEffect(() => {
    const view = window.visualViewport;
    if (view === null) return;
    const measure = (): void => {
      // Zooming in makes the view smaller as well; that is no keyboard.
      const covered = view.scale > 1.01 ? 0 : window.innerHeight - view.height;
      const next = covered < KEYBOARD_MIN_PX ? 0 : Math.round(covered);
      setInset(next);
      if (next > 0 && window.scrollY > 0) window.scrollTo(0, 0);
    };
    measure();
    view.addEventListener("resize", measure);
    view.addEventListener("scroll", measure);
    return () => {
      view.removeEventListener("resize", measure);
      view.removeEventListener("scroll", measure);
    };
  }, []);
  return inset;
}
