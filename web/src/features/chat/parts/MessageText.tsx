import { memo } from "react";
import { partsOf } from "../model/text";

/** A message's text: links lead out safely, and nothing rearranges what stands around. */
export const MessageText = memo(function MessageText({ body }: { body: string }) {
  return partsOf(body).map((part, index) =>
    part.kind === "text" ? (
      // Parts are positions in a text that never changes.
      <span key={index}>{part.text}</span>
    ) : (
      <a
        key={index}
        href={part.href}
        target="_blank"
        rel="noopener noreferrer nofollow"
        dir="ltr"
        className="underline decoration-1 underline-offset-2"
      >
        {part.text}
      </a>
    ),
  );
});
