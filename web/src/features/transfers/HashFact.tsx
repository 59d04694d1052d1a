import { Copy, ExternalLink } from "lucide-react";
import { useTranslation } from "react-i18next";
import { IconButton, toast } from "@/design";
import { Fact } from "./Facts";

/** A transaction's hash: shown shortly, copied whole, with its page in an explorer if there is one. */
export function HashFact({ hash, explorer }: { hash: string; explorer: string | null }) {
  const { t } = useTranslation(["transfers", "common"]);
  const copy = async () => {
    await navigator.clipboard.writeText(hash);
    toast(t("common:copied"));
  };
  return (
    <Fact name={t("detail.hash")}>
      <span className="inline-flex items-center">
        <span className="font-mono text-caption">{`${hash.slice(0, 8)}…${hash.slice(-6)}`}</span>
        <IconButton label={t("detail.copy_hash")} onClick={() => void copy()}>
          <Copy size={18} aria-hidden="true" />
        </IconButton>
        {explorer !== null && (
          <a
            href={explorer.replace("{hash}", hash)}
            target="_blank"
            rel="noopener noreferrer"
            aria-label={t("detail.explorer")}
            className="inline-flex size-11 items-center justify-center rounded-full text-text-2 hover:bg-hover"
          >
            <ExternalLink size={18} aria-hidden="true" />
          </a>
        )}
      </span>
    </Fact>
  );
}
